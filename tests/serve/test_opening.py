"""What a server opens: real artifacts, checked before they are used, changed without mixing."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from live import Client, Live
from real_parts import made, step
from trained import trained

import medenc
from medenc import api
from medenc.core.errors import MedencError
from medenc.data.examples import Answer, Question
from medenc.serve.app import create_app
from medenc.serve.keys import add_key
from medenc.serve.opening import Sources, open_sources

HERE = Path(__file__).parent
ASKED = [
    ("/v1/search", {"query": "warfarin"}),
    ("/v1/search", {"query": "warfarin", "where": "language = 'ko'"}),
    ("/v1/ask", {"question": "What swells?"}),
    ("/v1/link", {"mentions": ["고혈압", "hypertensoin"]}),
    ("/v1/predict/triage", {"inputs": ["기침"]}),
    ("/v1/similarity", {"query": "a", "texts": ["b"], "model": "small"}),
    ("/v1/embeddings", {"input": "a", "model": "small"}),
]
SHOWN = ["/v1/info", "/v1/map", "/v1/numbers", "/v1/document/amlodipine-ankle-oedema.ko", "/metrics", "/", "/readyz"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return made(tmp_path_factory.mktemp("sources"))


@pytest.fixture
def own(sources, tmp_path):
    """A copy of the folders, to change; the index and the dictionary still know the first model's folder."""
    root = shutil.copytree(sources.index.parent, tmp_path / "own")
    place = {path: root / path.relative_to(sources.index.parent) for path in sources.index.parent.rglob("*")}
    models = {name: place[path] for name, path in sources.models.items()}
    return replace(sources, index=place[sources.index], models=models, terms=place[sources.terms])


def client_of(sources):
    return TestClient(create_app(open_sources(sources), lambda: open_sources(sources)), base_url="http://localhost")


def test_everything_answers(sources):
    with client_of(sources) as client:
        for path, body in ASKED:
            assert client.post(path, json=body).status_code == 200, path
        for path in SHOWN:
            assert client.get(path).status_code == 200, path
        info = client.get("/v1/info").json()
        assert (set(info["models"]), info["tasks"]["triage"]["labels"]) == ({"small"}, ["card", "resp"])
        assert info["dictionary"]["modes"] == ["fused", "dense", "lexical"]
        roles = [artifact["role"] for artifact in client.get("/v1/numbers").json()["artifacts"]]
        assert sorted(roles) == ["dictionary", "index", "model", "report", "task"]
        assert str(sources.index.parent) not in client.get("/v1/numbers").text


def test_http_gives_what_the_library_gives(sources):
    """Seen to fail with vectors rounded to half precision on the way."""
    texts = ["고혈압 환자", "2型糖尿病", "metformin is stopped", ""]
    index = api.open_index(sources.index)
    with client_of(sources) as client:
        answer = client.post("/v1/embeddings", json={"input": texts[:3], "model": "small"}).json()
        vectors = np.array([one["embedding"] for one in answer["data"]])
        np.testing.assert_allclose(vectors, medenc.load(sources.models["small"]).encode(texts[:3]), atol=1e-6)
        found = client.post("/v1/search", json={"query": "고혈압 약물", "top": 5}).json()["hits"]
        wanted = [hit.to_json() for hit in index.search("고혈압 약물", top=5).hits]
        assert [hit["id"] for hit in found] == [hit["id"] for hit in wanted]
        assert [hit["score"] for hit in found] == pytest.approx([hit["score"] for hit in wanted], abs=1e-6)
        said = client.post("/v1/predict/triage", json={"inputs": texts[:3]}).json()["predictions"]
        predictor = medenc.load(sources.models["triage"])
        assert [one["label"] for one in said] == [
            predictor.to_json(one)["label"] for one in predictor.predict(texts[:3])
        ]
        linked = client.post("/v1/link", json={"mentions": ["고혈압", "hypertensoin"]}).json()["links"]
        known = api.link(sources.models["small"], ["고혈압", "hypertensoin"], sources.terms)
        for ours, theirs in zip(linked, known, strict=True):
            assert [one["concept_id"] for one in ours["candidates"]] == [one.concept_id for one in theirs.candidates]


def test_the_model_of_an_index_can_be_asked_without_being_named(sources):
    with client_of(Sources(index=sources.index)) as client:
        answer = client.post("/v1/similarity", json={"query": "a", "texts": ["b"]})
        assert answer.json()["model"] == "index"


def test_a_long_query_is_read_whole(sources):
    served = open_sources(sources)
    query = "amlodipine " * 150  # 1,650 characters, more than the 64 tokens of the model
    (answer,) = served.index.search_batch([query], top=1, mode="dense", where=None)
    whole = served.models["small"].embed([query], "query", "window").vectors
    assert answer.hits[0].score == pytest.approx(float(served.index._view.dense.scores(whole)[0].max()))


def files_of(sources):
    yield sources.models["small"] / "model.safetensors"
    yield sources.models["small"] / "openvino/openvino_model.bin"
    yield sources.models["small"] / "tokenizer.json"
    yield sources.models["triage"] / "task.json"
    yield next((sources.index / "snapshots").rglob("texts.npy"))
    yield next(path for path in (sources.index / "table").rglob("*.lance") if path.is_file())
    yield sources.terms / "dictionary.json"
    yield next(sources.terms.glob("*.npy"))


@pytest.mark.parametrize("number", range(8))
def test_a_damaged_file_is_named_before_it_is_used(own, number):
    path = list(files_of(own))[number]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(MedencError, match=f"not the one that was written: .*{path.name}"):
        open_sources(own)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (Sources(), "nothing to serve"),
        (Sources(index=Path("nowhere")), "no index there"),
        (Sources(models={"a": Path("nowhere")}), "no such artifact"),
        (Sources(terms=Path("nowhere")), "no such artifact"),
    ],
)
def test_what_is_not_there_is_said(sources, message):
    with pytest.raises(MedencError, match=message):
        open_sources(sources)


def test_a_link_to_a_new_index_is_followed_at_a_reload_and_not_before(own, tmp_path):
    """Not resolved, the old generation would look into the new folder."""
    other = tmp_path / "other.jsonl"
    other.write_text('{"id": "new", "text": "warfarin anew"}\n')
    step("index", tmp_path / "new", files=[str(other)], model=str(own.models["small"]))
    link = tmp_path / "served"
    link.symlink_to(own.index)
    with client_of(Sources(index=link)) as client:
        for version, count in ((tmp_path / "new", 1), (own.index, 30)):
            before = client.get("/v1/info").json()["index"]["documents"]
            (tmp_path / "next").symlink_to(version)
            os.replace(tmp_path / "next", link)
            assert client.get("/v1/info").json()["index"]["documents"] == before
            assert client.post("/v1/search", json={"query": "warfarin", "top": 100}).status_code == 200
            assert client.post("/v1/reload").status_code == 200
            assert client.get("/v1/info").json()["index"]["documents"] == count


def test_new_documents_are_served_without_a_reload(own):
    with client_of(own) as client:
        before = client.get("/v1/map").json()["ids"]
        more = own.index.parent / "more.jsonl"
        more.write_text('{"id": "zz", "text": "digoxin toxicity"}\n')
        api.index_files([more], own.index)
        assert client.post("/v1/search", json={"query": "digoxin"}).json()["hits"][0]["id"] == "zz"
        assert client.get("/v1/map").json()["ids"] == [*before, "zz"]


def test_a_bad_new_version_leaves_the_old_one(own):
    with client_of(own) as client:
        weights = own.models["small"] / "openvino/openvino_model.bin"
        damaged = bytearray(weights.read_bytes())
        damaged[100] ^= 1
        weights.unlink()  # a new version is a new file: what is mapped stays as it was
        weights.write_bytes(damaged)
        refused = client.post("/v1/reload")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_reloaded")
        assert str(own.index.parent) not in refused.text
        for path, body in ASKED:
            answer = client.post(path, json=body)
            assert (answer.status_code, answer.headers["medenc-generation"]) == (200, "1"), path


def test_keys_are_part_of_what_is_served(sources, tmp_path):
    token = add_key(tmp_path / "keys.json", "ward-3", "read")
    with client_of(replace(sources, keys=tmp_path / "keys.json")) as client:
        assert client.get("/v1/info").status_code == 401
        assert client.get("/v1/info", headers={"authorization": f"Bearer {token}"}).status_code == 200


ALONE = """
import sys
sys.path[:0] = {paths!r}
events = []
watched = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "pickle.find_class",
           "subprocess.Popen", "os.exec", "os.system", "urllib.Request")
sys.addaudithook(lambda event, arguments: events.append(event) if event in watched else None)
sys.modules.update(torch=None, transformers=None, accelerate=None)
from pathlib import Path
from fastapi.testclient import TestClient
from live import Client, Live
from medenc.serve.app import create_app
from medenc.serve.opening import Sources, open_sources
sources = Sources(Path({index!r}), {{name: Path(path) for name, path in {models!r}.items()}}, Path({terms!r}))
app = create_app(open_sources(sources), lambda: open_sources(sources))
with TestClient(app, base_url="http://localhost") as client:
    for path, body in {asked!r}:
        assert client.post(path, json=body).status_code == 200, path
    for path in {shown!r}:
        assert client.get(path).status_code == 200, path
    assert client.post("/v1/reload").status_code == 200
{planted}
print("events", events)
"""


def alone(sources, asked=(), shown=(), planted=""):
    """What a server without torch does in a process of its own, watched."""
    models = {name: str(path) for name, path in sources.models.items()}
    given = {"index": str(sources.index), "models": models, "terms": str(sources.terms)}
    code = ALONE.format(paths=sys.path, asked=asked, shown=shown, planted=planted, **given)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_server_needs_no_torch_and_connects_to_nobody(sources):
    """Opened, asked on every route, reloaded: no look-up of a name, no connection, no pickle, no other program.

    The one connection is planted at the end, for the watch to see.
    """
    planted = (
        "print('before', events)\nimport socket\nwith socket.socket() as one:\n    one.connect_ex(('127.0.0.1', 9))"
    )
    assert alone(sources, ASKED, SHOWN, planted) == ["before []", "events ['socket.connect']"]


@pytest.mark.slow
def test_a_trained_reader_answers_from_a_pasted_text(tmp_path):
    """`medenc serve --model NAME=READER` alone, over HTTP."""
    asked, drugs = "Which drug was given?", ["Warfarin", "Aspirin", "Metformin", "Furosemide"] * 4
    filler = "The ward was calm and the night was long. "
    rows = []
    for place, drug in enumerate(drugs):
        text = filler * (place % 3) + f"The drug given was {drug} on that day. "
        rows.append(Question(f"a{place}", asked, text, (Answer(drug, text.index(drug)),), (drug,)))
        rows.append(Question(f"n{place}", asked, filler * (1 + place % 4), impossible=True))
    options = {"use": "extractive_qa", "doc_stride": 16}
    model, _ = trained(tmp_path / "reader", options, rows, steps=80, backends=("openvino",))
    command = [str(Path(sys.executable).with_name("medenc")), "serve", "--model", f"notes={model}", "--port", "0"]
    with Live(command) as server:
        client, text = Client(server.port), f"{filler * 9}👩‍⚕️ The drug given was Warfarin on that day. {filler * 9}"
        status, _, body = asyncio.run(client.ask("POST", "/v1/ask", {"question": asked, "text": text}, keep=False))
        best = json.loads(body)["answers"][0]
        assert (status, best["text"], text[best["start"] : best["end"]]) == (200, "Warfarin", "Warfarin")
        assert text[slice(*best["sentence"])].endswith("The drug given was Warfarin on that day.")
        status, _, body = asyncio.run(client.ask("POST", "/v1/ask", {"question": asked, "text": filler}, keep=False))
        assert (status, json.loads(body)["answers"]) == (200, [])
        status, _, body = asyncio.run(client.ask("POST", "/v1/ask", {"question": asked}, keep=False))
        assert (status, json.loads(body)["error"]["code"]) == (404, "not_served")
