"""Other people's clients: OpenAI's library, and schemathesis, which reads our description and tries to break it."""

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import openai
import pytest
from live import Live
from smallest import LetterModel

from medenc.serve.keys import add_key


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    token = add_key(file, "client", "admin")
    with Live(keys=str(file), index=str(served.index.path), terms=str(served.dictionary.path)) as server:
        yield server, token


@pytest.fixture(scope="module")
def client(server):
    live, token = server
    with openai.OpenAI(base_url=f"http://127.0.0.1:{live.port}/v1", api_key=token, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("sent", ["warfarin", ["warfarin", "와파린", "华法林"]])
@pytest.mark.parametrize("encoding", ["base64", "float", openai.NOT_GIVEN])
def test_the_openai_client_gets_vectors(client, sent, encoding):
    answer = client.embeddings.create(model="letters", input=sent, encoding_format=encoding)
    texts = [sent] if isinstance(sent, str) else sent
    assert [row.index for row in answer.data] == list(range(len(texts)))
    for row in answer.data:
        assert decoded(row.embedding) == [1] * LetterModel.dimension
    assert answer.usage.total_tokens == sum(map(len, texts))


def decoded(embedding):
    """The client decodes base64 only when it asked for it unasked."""
    return np.frombuffer(base64.b64decode(embedding), "<f4").tolist() if isinstance(embedding, str) else embedding


def test_the_openai_client_understands_errors(client, server):
    with pytest.raises(openai.NotFoundError, match="known models: letters"):
        client.embeddings.create(model="nothing", input="a")
    with pytest.raises(openai.UnprocessableEntityError):
        client.embeddings.create(model="letters", input="")
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").embeddings.create(model="letters", input="a")


# What a description cannot say: that a string is an SQL condition, and which fields the task of a model reads.
EXCEPTIONS = """
[[operations]]
include-name = "POST /v1/search"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "422", "429", "503"]

[[operations]]
include-name = "POST /v1/predict/{name}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "422", "429", "503"]
"""


def examined(server, folder, seed, examples, *phases):
    """What schemathesis says of all routes, with all its checks; without phases in all of them."""
    live, token = server
    (folder / "schemathesis.toml").write_text(EXCEPTIONS)
    address = f"http://127.0.0.1:{live.port}/openapi.json"
    command = [
        str(Path(sys.executable).with_name("st")),
        "--config-file",
        str(folder / "schemathesis.toml"),
        "run",
        address,
    ]
    options = ["--checks", "all", "--max-response-time", "5", "--max-examples", str(examples), "--seed", str(seed)]
    header = ["--header", f"Authorization: Bearer {token}", "--no-color", "--generation-database", "none"]
    chosen = ["--phases", ",".join(phases)] if phases else []
    return subprocess.run(
        [*command, *options, *header, *chosen], capture_output=True, text=True, timeout=1800, cwd=folder
    )


def test_the_description_holds(server, tmp_path):
    """Seen to fail when the description did not say that a text must not be blank."""
    done = examined(server, tmp_path, 1, 4, "examples", "fuzzing")
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_description_holds_for_long(server, tmp_path, seed):
    done = examined(server, tmp_path, seed, examples=300)
    print(done.stdout[-1500:])
    assert done.returncode == 0, done.stdout[-6000:]
