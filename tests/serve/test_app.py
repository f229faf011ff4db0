"""What the routes answer, and what every answer carries."""

import base64
import json
import threading
import time
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from smallest import FirstWord, LetterModel

from medenc.core.errors import MedencError
from medenc.data.records import Passage
from medenc.search.answer import Answer
from medenc.serve.app import create_app
from medenc.serve.errors import HEADERS
from medenc.serve.served import Served


def test_search_gives_hits_with_their_parts(client):
    answer = client.post("/v1/search", json={"query": "warfarin INR", "top": 3}).json()
    assert answer["mode"] == "hybrid"
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3]
    assert all(hit["parts"].keys() == {"lexical", "dense"} for hit in answer["hits"])
    assert answer["timing_ms"]["total"] > 0


def test_an_answer_has_the_documented_form(client, index):
    sent = {"query": "warfarin INR", "top": 5}
    answer, documented = client.post("/v1/search", json=sent).json(), index.search(**sent).to_json()
    assert list(answer) == list(documented)
    assert answer["hits"] == json.loads(json.dumps(documented["hits"]))


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


def test_a_reader_reads_what_a_search_finds_or_what_is_pasted(served, passages):
    readers = {"first": FirstWord(), "second": FirstWord()}
    with TestClient(create_app(replace(served, readers=readers)), base_url="http://localhost") as client:
        found = client.post("/v1/ask", json={"question": "warfarin INR", "reader": "first"}).json()
        assert [passages[one["id"]].text[one["start"] : one["end"]] for one in found["answers"]] == [
            one["text"] for one in found["answers"]
        ]
        asked = {"question": "What?", "text": "pasted text", "reader": "second"}
        assert client.post("/v1/ask", json=asked).json()["answers"][0]["text"] == "pasted"
        nothing = client.post("/v1/ask", json=asked | {"text": "nothing"}).json()
        assert (nothing["answers"], nothing["no_answer_probability"]) == ([], 0.9)
        assert client.post("/v1/ask", json=asked | {"reader": "third"}).json()["error"]["code"] == "no_such_model"
        assert client.get("/v1/info").json()["readers"] == ["first", "second"]


def test_the_only_reader_reads_unasked_and_without_one_a_text_cannot_be_read(served, client):
    asked = {"question": "What?", "text": "pasted text"}
    with TestClient(create_app(replace(served, readers={"r": FirstWord()})), base_url="http://localhost") as reading:
        assert reading.post("/v1/ask", json=asked).json()["answers"][0]["text"] == "pasted"
        assert reading.post("/v1/ask", json={"question": "warfarin"}).json()["answers"][0]["probability"] == 0.9
    assert client.post("/v1/ask", json=asked).json()["error"]["message"] == "this server has no reader"


def test_similarity(client):
    answer = client.post("/v1/similarity", json={"query": "abc", "texts": ["cab", "xyz"]}).json()
    assert answer == {
        "query": "abc",
        "scores": [pytest.approx(1), 0],
        "similarity": "cosine",
        "model": "letters",
        "usage": {"prompt_tokens": 9, "total_tokens": 9},
    }


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
    message = "text 0 has 600 tokens, the model reads 512; on_overflow 'window' reads it whole"
    assert refused.json()["error"] == {"code": "too_long", "message": message, "where": "body.input"}
    whole = client.post("/v1/embeddings", json=body | {"on_overflow": "window"})
    assert whole.json()["usage"]["total_tokens"] == 600
    assert client.post("/v1/embeddings", json=body | {"on_overflow": "truncate"}).status_code == 422


def test_an_unknown_model_is_named_by_the_known_ones(client):
    answer = client.post("/v1/embeddings", json={"model": "HONG", "input": "a"})
    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "code": "no_such_model",
        "message": "known models: letters",
        "where": "body.model",
    }


def test_a_mistake_does_not_name_folders_of_the_machine(client):
    class Mistaken(LetterModel):
        def embed(self, texts, as_=None, on_overflow="window"):
            if "HONG" in texts[0]:
                raise MedencError("its vectors are not finite", where="/srv/secret/model")
            return super().embed(texts)

    with TestClient(create_app(Served(models={"a": Mistaken()})), base_url="http://localhost") as mistaken:
        refused = mistaken.post("/v1/embeddings", json={"model": "a", "input": "HONG"})
    assert refused.json()["error"] == {"code": "refused", "message": "its vectors are not finite", "where": None}
    assert "secret" not in client.get("/v1/info").text


@pytest.mark.parametrize(
    "where",
    [
        "HONG = 1",
        "HONG GILDONG",
        "id = 'HONG",
        "id > 7 + 'HONG'",
        "(" * 500,
        "NOT " * 250,
        "?",
        "id = $1",
        "id = N'HONG'",
    ],
)
def test_a_bad_filter_is_explained_by_the_columns(client, where):
    """Seen to fail with a placeholder, at which LanceDB panics."""
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
    assert info["tasks"]["first-letter"]["task"] == "classification"
    assert info["dictionary"]["modes"] == ["lexical"]


def test_what_cannot_answer_is_not_served():
    class WithoutItsModel:
        def search_batch(self, queries, **_):
            raise MedencError("its model is needed for this")

    with pytest.raises(MedencError, match="its model is needed"):
        create_app(Served(WithoutItsModel()))


def test_what_is_not_served_is_said():
    with TestClient(create_app(Served()), base_url="http://localhost") as empty:
        for path, body in NEEDS_A_PART:
            answer = empty.post(path, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) in [(404, "not_served"), (404, "no_such_model")]
        for path in ("/v1/map", "/v1/document/a"):
            assert empty.get(path).json()["error"] == {
                "code": "not_served",
                "message": "this server has no index",
                "where": None,
            }
        assert empty.get("/v1/info").json()["index"] is None


def test_a_mode_that_is_not_there_is_said(client):
    answer = client.post("/v1/link", json={"mentions": ["a"], "mode": "dense"})
    assert answer.status_code == 404
    assert answer.json()["error"] == {"code": "no_such_mode", "message": "known modes: lexical", "where": "body.mode"}


def test_links_name_the_concept_in_three_languages(client):
    (link,) = client.post("/v1/link", json={"mentions": ["고혈압"], "top": 1}).json()["links"]
    (candidate,) = link["candidates"]
    assert (link["mention"], candidate["term"], candidate["how"]) == ("고혈압", "고혈압", "exact")
    assert {"ko", "zh", "en"} == {name["language"] for name in candidate["names"]}
    assert {"term": "고혈압", "language": "ko"} in candidate["names"]


def test_predictions_are_in_the_form_of_the_task(client):
    sent = {"inputs": ["abc", {"question": "b?", "context": "c"}]}
    answer = client.post("/v1/predict/first-letter", json=sent).json()
    assert answer == {
        "model": "first-letter",
        "task": "classification",
        "predictions": [{"label": "a", "probabilities": {"a": 1.0}}, {"label": "b", "probabilities": {"b": 1.0}}],
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }
    assert client.post("/v1/predict/nothing", json=sent).json()["error"]["code"] == "no_such_model"


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        ({"hong": "a"}, "bad_input", "input 1 has not the fields that the task classification reads"),
        ("a" * 600, "too_long", "input 1 has 600 tokens, the model reads 512"),
    ],
)
def test_what_a_task_cannot_read_whole_is_refused(client, sent, code, message):
    answer = client.post("/v1/predict/first-letter", json={"inputs": ["a", sent]})
    assert answer.status_code == 422
    assert answer.json()["error"] == {"code": code, "message": message, "where": "body.inputs"}


def test_every_document_can_be_opened(client, passages):
    for passage in passages.values():
        answer = client.get(f"/v1/document/{quote(passage.id, safe='')}").json()
        assert answer == {
            "id": passage.id,
            "title": passage.title,
            "text": passage.text,
            "metadata": dict(passage.metadata),
        }
    missing = client.get("/v1/document/HONG%20GILDONG")
    assert missing.status_code == 404
    assert "HONG" not in missing.text


def test_the_map_shows_every_document_and_what_to_colour_by(client, passages):
    drawn = client.get("/v1/map").json()
    assert drawn["ids"] == sorted(passages)
    assert drawn["titles"] == [passages[id_].title for id_ in drawn["ids"]]
    assert max(map(abs, drawn["x"])) == max(map(abs, drawn["y"])) == 1
    assert {"ko", "zh", "en"} <= set(drawn["metadata"]["language"])


def test_numbers_name_no_folder_of_the_machine(client):
    (index,) = client.get("/v1/numbers").json()["artifacts"]
    assert (index["role"], index["kind"]) == ("index", "index")
    assert index["numbers"]["data"] == "sample"


def test_every_answer_names_the_generation(client):
    for answer in (client.post("/v1/search", json={"query": "a"}), client.get("/v1/info")):
        assert answer.headers["medenc-generation"] == "1"


NEEDS_A_PART = [
    ("/v1/search", {"query": "a"}),
    ("/v1/ask", {"question": "a"}),
    ("/v1/link", {"mentions": ["a"]}),
    ("/v1/predict/a", {"inputs": ["a"]}),
    ("/v1/similarity", {"query": "a", "texts": ["a"]}),
    ("/v1/embeddings", {"model": "a", "input": "a"}),
]

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
        def search_batch(self, queries, **_):
            if "HONG" in queries[0]:
                raise ValueError(queries[0])

    with TestClient(create_app(Served(Broken())), base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.post("/v1/search", json={"query": "HONG GILDONG"})
    assert answer.status_code == 500
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "HONG" not in answer.text
    assert answer.json()["error"]["code"] == "internal_error"
    assert answer.headers["connection"] == "close"


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


OWN = {"origin": "http://127.0.0.1:8765"}
FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "http://127.0.0.1:8765.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {**OWN, "sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/v1/reload", "/v1/search", "/v1/embeddings"])
def test_a_page_of_another_site_cannot_ask(client, path, headers):
    """Seen to fail without the look at Origin: a page anywhere could make a server without keys reload, blindly."""
    answer = client.post(path, json={"query": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_origin")
    assert HEADERS.items() <= dict(answer.headers).items()


def test_the_page_of_this_server_and_programs_can_ask(client):
    for headers in ({}, OWN, {**OWN, "sec-fetch-site": "same-origin"}, {"origin": "https://127.0.0.1:8765"}):
        assert client.post("/v1/search", json={"query": "a"}, headers=headers).status_code == 200
        assert client.post("/v1/reload", headers=headers).status_code == 409  # these parts are not opened from files


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_reload_takes_no_form(client, kind):
    """Seen to fail when the type of the body that it does not read was not looked at."""
    assert client.post("/v1/reload", content=b"a", headers={"content-type": kind}).status_code == 415


def test_of_simultaneous_reloads_one_runs_and_the_others_are_told():
    """Seen to fail when each waited for the ones before it."""
    begun, go = threading.Event(), threading.Event()

    def reopen():
        begun.set()
        go.wait(10)
        return Served(models={"letters": LetterModel()})

    app, answers = create_app(Served(models={"letters": LetterModel()}), reopen), []
    with TestClient(app, base_url="http://localhost") as client:
        first = threading.Thread(target=lambda: answers.append(client.post("/v1/reload")))
        first.start()
        assert begun.wait(10)
        others = [client.post("/v1/reload") for _ in range(5)]
        go.set()
        first.join()
        assert client.get("/v1/info").json()["generation"] == 2
    assert {(one.status_code, one.json()["error"]["code"]) for one in others} == {(409, "reloading")}
    assert all(int(one.headers["retry-after"]) >= 1 for one in others)
    assert answers[0].json() == {"generation": 2}


def test_the_map_is_computed_once_for_all_who_ask():
    """Seen to fail when every request that found no map computed one."""
    computed, first_fails = [], [True]

    class Plane:
        modes = ("lexical",)

        def info(self):
            return {"documents": 1, "version": 7, "modes": ["lexical"]}

        def search_batch(self, queries, **_):
            return [Answer(query, "lexical", [], {}) for query in queries]

        def sampled(self, most):
            time.sleep(0.2)
            computed.append(most)
            if first_fails.pop() if first_fails else False:
                raise MedencError("not readable now")
            return [Passage("a", "b")], np.zeros((1, 2), np.float32)

    app, answers = create_app(Served(Plane())), []
    with TestClient(app, base_url="http://localhost") as client:

        def asked():
            answers.append(client.get("/v1/map").status_code)

        for expected in ([422] * 4, [200] * 4):
            asking = [threading.Thread(target=asked) for _ in range(4)]
            for one in asking:
                one.start()
            for one in asking:
                one.join()
            assert answers == expected
            answers.clear()
        asked()
    assert len(computed) == 2  # the one that failed is not kept


def test_the_index_is_used_by_one_thread_that_is_not_the_event_loop():
    threads = set()

    class Watching:
        def search_batch(self, queries, **_):
            if queries[0] == "a":
                threads.add(threading.current_thread().name)
            time.sleep(0.02)
            return [Answer(query, "lexical", [], {}) for query in queries]

    with TestClient(create_app(Served(Watching())), base_url="http://localhost") as client:
        searches = [
            threading.Thread(target=client.post, args=["/v1/search"], kwargs={"json": {"query": "a"}}) for _ in range(8)
        ]
        for search in searches:
            search.start()
        while any(search.is_alive() for search in searches):
            assert client.get("/livez").status_code == 200
    assert threads == {"medenc-compute_0"}


def test_the_interface_describes_itself(client):
    described = client.get("/openapi.json").json()
    paths, forms = described["paths"], described["components"]["schemas"]
    for path in ("/v1/search", "/v1/ask", "/v1/link", "/v1/predict/{name}", "/v1/similarity", "/v1/embeddings"):
        assert "requestBody" in paths[path]["post"]
        refused = paths[path]["post"]["responses"]["422"]["content"]["application/json"]["schema"]
        assert refused == {"$ref": "#/components/schemas/ErrorResponse"}
    assert {"401", "409", "415"} <= paths["/v1/reload"]["post"]["responses"].keys()  # seen to fail: without 409, 415
    assert "409" not in paths["/v1/info"]["get"]["responses"]
    tops = [forms[f"{name}Request"]["properties"]["top"] for name in ("Search", "Ask", "Link")]
    assert [(top["minimum"], top["maximum"]) for top in tops] == [(1, 100), (1, 10), (1, 50)]
