"""What the routes answer, and what every answer carries."""

import base64
import threading
import time

import numpy as np
import pytest
from fastapi.testclient import TestClient
from smallest import LetterModel

from medenc.core.errors import MedencError
from medenc.search.answer import Answer
from medenc.serve.app import create_app
from medenc.serve.security import HEADERS


def test_search_gives_hits_with_their_parts(client):
    answer = client.post("/v1/search", json={"query": "warfarin INR", "top": 3}).json()
    assert answer["mode"] == "hybrid"
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert all(hit["parts"].keys() == {"lexical", "dense"} for hit in answer["hits"])
    assert answer["timing_ms"]["total"] > 0


def test_the_mode_decides_which_parts_there_are(client):
    (lexical,) = client.post("/v1/search", json={"query": "warfarin", "top": 1, "mode": "lexical"}).json()["hits"]
    (dense,) = client.post("/v1/search", json={"query": "warfarin", "top": 1, "mode": "dense"}).json()["hits"]
    assert lexical["parts"]["lexical"] > 0
    assert lexical["parts"]["dense"] is None
    assert dense["parts"]["lexical"] is None
    assert dense["parts"]["dense"] > 0


@pytest.mark.parametrize("query", ["환자", "华法林", "warfarin", "needle"])
def test_highlights_count_code_points(client, query):
    answer = client.post("/v1/search", json={"query": query, "top": 5, "mode": "lexical"}).json()
    marked = {hit["text"][start:end].lower() for hit in answer["hits"] for start, end in hit["highlights"]}
    assert query in marked


def test_a_filter_narrows_the_search(client):
    hits = client.post("/v1/search", json={"query": "warfarin", "where": "language = 'zh'"}).json()["hits"]
    assert {hit["metadata"]["language"] for hit in hits} == {"zh"}


def test_ask_gives_verbatim_spans(client, passages):
    answer = client.post("/v1/ask", json={"question": "warfarin과 비타민 K는 어떤 관계인가?"}).json()
    assert answer["answers"]
    for span in answer["answers"]:
        assert passages[span["id"]].text[span["start"] : span["end"]] == span["text"]


def test_similarity(client):
    answer = client.post("/v1/similarity", json={"query": "abc", "texts": ["cab", "xyz"]}).json()
    assert answer == {"query": "abc", "scores": [pytest.approx(1), 0], "similarity": "cosine"}


@pytest.mark.parametrize("sent", ["abba", ["abba", "c"]])
def test_embeddings_in_both_encodings(client, sent):
    body = {"model": "letters", "input": sent}
    numbers = client.post("/v1/embeddings", json=body).json()
    coded = client.post("/v1/embeddings", json=body | {"encoding_format": "base64"}).json()
    assert numbers["data"][0]["embedding"][:3] == [2, 2, 0]
    assert [row["index"] for row in numbers["data"]] == list(range(len(sent) if isinstance(sent, list) else 1))
    decoded = np.frombuffer(base64.b64decode(coded["data"][0]["embedding"]), "<f4")
    assert decoded.tolist() == numbers["data"][0]["embedding"]
    assert numbers["object"] == "list"
    assert numbers["usage"]["total_tokens"] == sum(map(len, sent))


def test_a_long_text_is_refused_or_read_whole(client):
    body = {"model": "letters", "input": "a" * 600}
    refused = client.post("/v1/embeddings", json=body)
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == "text 0 is too long"
    assert client.post("/v1/embeddings", json=body | {"on_overflow": "window"}).status_code == 200
    assert client.post("/v1/embeddings", json=body | {"on_overflow": "truncate"}).status_code == 422


def test_an_unknown_model_is_named_by_the_known_ones(client):
    answer = client.post("/v1/embeddings", json={"model": "HONG", "input": "a"})
    assert answer.status_code == 404
    assert answer.json()["error"] == {"code": "no_such_model", "message": "known models: letters", "where": "model"}


def test_a_mistake_does_not_name_folders_of_the_machine(client):
    refused = client.post("/v1/embeddings", json={"model": "letters", "input": "a" * 600})
    assert refused.json()["error"] == {"code": "refused", "message": "text 0 is too long", "where": None}
    assert "secret" not in client.get("/v1/info").text


@pytest.mark.parametrize(
    "where", ["HONG = 1", "HONG GILDONG", "id = 'HONG", "id > 7 + 'HONG'", "(" * 500, "NOT " * 250]
)
def test_a_bad_filter_is_explained_by_the_columns(client, where):
    answer = client.post("/v1/search", json={"query": "a", "where": where})
    assert answer.status_code == 422
    assert answer.json()["error"]["where"] == "body.where"
    assert "columns: id, title, text" in answer.json()["error"]["message"]
    assert "HONG" not in answer.text


def test_state(client, passages):
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    info = client.get("/v1/info").json()
    assert info["index"].keys() == {"documents", "version", "modes"}
    assert info["index"]["documents"] == len(passages)
    assert info["models"]["letters"]["dimension"] == 26
    assert info["limits"]["body_bytes"] == 2 * 1024 * 1024


def test_what_cannot_answer_is_not_served():
    class WithoutItsModel:
        def search(self, query, **_):
            raise MedencError("its model is needed for this")

    with pytest.raises(MedencError, match="its model is needed"):
        create_app(WithoutItsModel(), {})


def test_only_what_is_served_has_routes(index):
    with TestClient(create_app(None, {"letters": LetterModel()}), base_url="http://localhost") as models_only:
        assert models_only.post("/v1/search", json={"query": "a"}).status_code == 404
        assert models_only.get("/v1/info").json()["index"] is None
    with TestClient(create_app(index, {}), base_url="http://localhost") as index_only:
        assert index_only.post("/v1/embeddings", json={"model": "a", "input": "a"}).status_code == 404
    with pytest.raises(MedencError, match="nothing to serve"):
        create_app(None, {})


REQUESTS = [
    ("GET", "/", 200),
    ("GET", "/static/page.js", 200),
    ("GET", "/static/nothing.js", 404),
    ("GET", "/static/..%2fapp.py", 404),
    ("GET", "/static/%2e%2e/%2e%2e/app.py", 404),
    ("GET", "/livez", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/v1/search", 405),
    ("POST", "/v1/search", 415),
    ("OPTIONS", "/v1/search", 405),
    ("POST", "/livez", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS)
def test_every_response_carries_the_security_headers(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers
    if status >= 400:
        assert answer.json()["error"].keys() == {"code", "message", "where"}


def test_a_failure_inside_says_nothing_about_the_request():
    class Broken:
        def search(self, query, **_):
            if "HONG" in query:
                raise ValueError(query)

    with TestClient(create_app(Broken(), {}), base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.post("/v1/search", json={"query": "HONG GILDONG"})
    assert answer.status_code == 500
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "HONG" not in answer.text
    assert answer.json()["error"]["code"] == "internal_error"


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST"])
def test_names_of_this_machine_are_served(client, host):
    assert client.get("/livez", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "localhost:x", "[::1"]
)
def test_a_name_of_another_site_is_not_served(client, host):
    answer = client.get("/v1/info", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "wrong_host"
    assert HEADERS.items() <= dict(answer.headers).items()


def test_the_index_is_used_by_one_thread_that_is_not_the_event_loop():
    threads = set()

    class Watching:
        def search(self, query, **_):
            if query == "a":
                threads.add(threading.current_thread().name)
            time.sleep(0.02)
            return Answer(query, "lexical", [], {})

    with TestClient(create_app(Watching(), {}), base_url="http://localhost") as client:
        searches = [
            threading.Thread(target=client.post, args=["/v1/search"], kwargs={"json": {"query": "a"}}) for _ in range(8)
        ]
        for search in searches:
            search.start()
        while any(search.is_alive() for search in searches):
            assert client.get("/livez").status_code == 200
    assert threads == {"medenc-compute_0"}


def test_the_interface_describes_itself(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/v1/search", "/v1/ask", "/v1/similarity", "/v1/embeddings"):
        assert "requestBody" in paths[path]["post"]
        refused = paths[path]["post"]["responses"]["422"]["content"]["application/json"]["schema"]
        assert refused == {"$ref": "#/components/schemas/ErrorResponse"}
