"""Malformed bodies: never a failure of the server, never a word of the input in the answer.

The canary looks like a patient, for that is what would leak.
"""

import json
import re

import pytest

from medenc.serve import limits

CANARY = "HONG-GILDONG-800101-1234567"
ROUTES = {
    "/v1/search": {"query": CANARY, "top": 3},
    "/v1/ask": {"question": CANARY},
    "/v1/link": {"mentions": [CANARY, "a"], "top": 1},
    "/v1/predict/first-letter": {"inputs": [CANARY, {"question": CANARY, "context": "a"}]},
    "/v1/similarity": {"query": CANARY, "texts": [CANARY]},
    "/v1/embeddings": {"model": "letters", "input": [CANARY], "encoding_format": "base64"},
}
Q = CANARY.encode()
JSON = {"content-type": "application/json"}

NOT_JSON = {
    "empty": b"",
    "white space": b" \n\t ",
    "canary alone": Q,
    "truncated object": b'{"query": "' + Q,
    "truncated UTF-8": b'{"query": "' + Q + b'\xed\x95"}',
    "UTF-8 cut at the end": b'{"query": "\xed\x95',
    "overlong UTF-8": b'{"query": "\xc0\xaf' + Q + b'"}',
    "surrogate in UTF-8": b'{"query": "\xed\xa0\x80' + Q + b'"}',
    "above U+10FFFF": b'{"query": "\xf5\x80\x80\x80' + Q + b'"}',
    "UTF-16": ("﻿" + json.dumps({"query": CANARY})).encode("utf-16-le"),
    "UTF-32": json.dumps({"query": CANARY}).encode("utf-32"),
    "Latin-1": '{"query": "é"}'.encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps({"query": CANARY}).encode(),
    "high surrogate": b'{"query": "' + Q + rb"\ud800" + b'"}',
    "low surrogate": b'{"query": "' + Q + rb"\udc00" + b'"}',
    "surrogates swapped": b'{"query": "' + Q + rb"\udc00\ud800" + b'"}',
    "surrogate in a key": b'{"' + Q + rb"\ud800" + b'": 1}',
    "surrogate in a list": rb'{"texts": ["\udfff"], "query": "a"}',
    "NaN": b'{"query": "' + Q + b'", "top": NaN}',
    "Infinity": b'{"query": "' + Q + b'", "top": Infinity}',
    "-Infinity": b'{"query": "' + Q + b'", "top": -Infinity}',
    "NaN in an unknown field": b'{"' + Q + b'": NaN}',
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep and closed": b"[" * 5_000 + b"]" * 5_000,
    "deep in a field": b'{"query": ' + b"[" * 3_000 + b"]" * 3_000 + b"}",
    "million digits": b'{"top": ' + b"9" * 1_000_000 + b"}",
    "trailing comma": b'{"query": "' + Q + b'",}',
    "comment": b'{"query": "a" /* ' + Q + b" */}",
    "single quotes": b"{'query': '" + Q + b"'}",
    "two documents": b'{"query": "a"}{"query": "' + Q + b'"}',
    "raw control character": b'{"query": "' + Q + b'\x01"}',
    "raw NUL": b'{"query": "' + Q + b'\x00"}',
    "bad escape": b'{"query": "' + Q + rb"\x41" + b'"}',
    "short escape": b'{"query": "' + Q + rb"\u12" + b'"}',
    "leading zero": b'{"top": 007}',
    "plus": b'{"top": +1}',
    "random bytes": bytes(range(256)),
    "gzip": b"\x1f\x8b\x08\x00" + Q,
    "pickle": b"\x80\x04\x95" + Q,
    "form": b"query=" + Q,
    "multipart": b"--x\r\nContent-Disposition: form-data; name=query\r\n\r\n" + Q,
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>' + Q + b"</a>",
}

LONG = CANARY + "가" * limits.LONGEST_TEXT
INVALID = {
    "null": None,
    "number": 7,
    "text": CANARY,
    "list": [CANARY],
    "empty object": {},
    "unknown field": {"query": "a", CANARY: 1},
    "unknown field beside all": dict.fromkeys(["query", "question", "texts", "model", "input", CANARY], "a"),
    "prototype": {"__proto__": {"query": CANARY}, "constructor": CANARY},
    "text is null": dict.fromkeys(["query", "question", "input"]),
    "text is number": dict.fromkeys(["query", "question", "input"], 1e300),
    "text is boolean": dict.fromkeys(["query", "question", "input"], True),
    "text is object": {key: {CANARY: CANARY} for key in ["query", "question", "input"]},
    "text is empty": dict.fromkeys(["query", "question", "input"], ""),
    "text is blank": dict.fromkeys(["query", "question", "input"], " 　\n\u2003"),
    "text is too long": dict.fromkeys(["query", "question", "input"], LONG),
    "texts are text": {"query": "a", "texts": CANARY},
    "no texts": {"query": "a", "texts": [], "model": "letters", "input": []},
    "too many texts": {"query": "a", "texts": [CANARY] * 33, "model": "letters", "input": [CANARY] * 33},
    "a blank among texts": {"query": "a", "texts": [CANARY, " "], "model": "letters", "input": [CANARY, " "]},
    "a list among texts": {"query": "a", "texts": [[CANARY]], "model": "letters", "input": [[CANARY]]},
    "names of the sender's": {"inputs": [{CANARY: "a"}, {"question": {CANARY: "a"}}]},
    "names like ours": {"inputs": [{"hong": CANARY, CANARY.lower(): "a"}]},
    "token numbers": {"query": "a", "texts": [1, 2], "model": "letters", "input": [1, 2]},
    "top is 0": {"query": CANARY, "top": 0},
    "top is -1": {"query": CANARY, "top": -1},
    "top is 101": {"query": CANARY, "top": 101},
    "top is 10^9": {"query": CANARY, "top": 10**9},
    "top is 10^400": {"query": CANARY, "top": 10**400},
    "top is 2.5": {"query": CANARY, "top": 2.5},
    "top is text": {"query": CANARY, "top": CANARY},
    "top is true": {"query": CANARY, "top": True},
    "mode is unknown": {"query": "a", "mode": CANARY},
    "mode is a list": {"query": "a", "mode": [CANARY]},
    "filter is empty": {"query": "a", "where": ""},
    "filter is too long": {"query": "a", "where": CANARY * 100},
    "filter is an object": {"query": "a", "where": {CANARY: CANARY}},
    "model is a path": {"model": f"../../{CANARY}", "input": "a", "query": "a", "texts": ["a"]},
    "model is absolute": {"model": f"/etc/{CANARY}", "input": "a", "query": "a", "texts": ["a"]},
    "model is an address": {"model": f"http://example.org/{CANARY}", "input": "a", "query": "a", "texts": ["a"]},
    "model has NUL": {"model": f"letters\0{CANARY}", "input": "a", "query": "a", "texts": ["a"]},
    "model is unknown": {"model": CANARY, "input": "a", "query": "a", "texts": ["a"]},
    "encoding is unknown": {"model": "letters", "input": "a", "encoding_format": CANARY},
    "role is unknown": {"model": "letters", "input": "a", "as": CANARY},
}
BODIES = NOT_JSON | {name: json.dumps(value).encode() for name, value in INVALID.items()}
BODIES |= {
    "1e999": b'{"query": "' + Q + b'", "top": 1e999}',
    "-1e999": b'{"query": "' + Q + b'", "top": -1e999}',
    "1e999 as text": b'{"query": 1e999, "question": -1e999, "model": "letters", "input": 1e999}',
}


def broken(valid):
    """A valid body with one thing wrong, in every place and way."""
    text = json.dumps(valid).encode()
    for place in range(0, len(text), 2):
        yield f"cut at {place}", text[:place]
        yield f"not UTF-8 at {place}", text[:place] + b"\xff" + text[place:]
    inside = text.index(Q) + 3
    for code in range(32):
        yield f"control character {code}", text[:inside] + bytes([code]) + text[inside:]
    for code in range(0xD800, 0xE000, 97):
        yield f"half of a pair {code:x}", text[:inside] + rf"\u{code:x}".encode() + text[inside:]
    for first in range(0x80, 0x100, 5):
        yield f"first byte {first:x}", text[:inside] + bytes([first, 0x41]) + text[inside:]
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "0x10", "1.", ".5", "1e", "--1", "1_000", "9" * 5000):
        yield f"{number[:9]} beside", text[:-1] + f', "{CANARY}": {number}}}'.encode()


@pytest.mark.parametrize("route", ROUTES)
def test_malformed_bodies_are_refused_without_echo(client, route):
    """Seen to fail with FastAPI's own answer to a bad field, which repeats it, and with Python's own JSON parser."""
    bodies = BODIES | dict(broken(ROUTES[route]))
    assert len(bodies) >= 200
    assert client.post(route, json=ROUTES[route]).status_code == 200  # what they are made of is right
    for name, body in bodies.items():
        answer = client.post(route, content=body, headers=JSON)
        assert 400 <= answer.status_code < 500, name
        assert answer.json()["error"].keys() == {"code", "message", "where"}, name
        assert CANARY.lower() not in answer.text.lower(), name
        assert re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)*", answer.json()["error"]["where"] or "body"), name
        assert len(answer.content) <= 1024, name


def test_a_route_without_a_body_does_not_mind_one(client):
    for name, body in BODIES.items():
        answer = client.post("/v1/reload", content=body, headers=JSON)
        assert answer.status_code == 409, name  # these parts were not opened from files
        assert CANARY not in answer.text, name


@pytest.mark.parametrize(("levels", "code"), [(31, "unknown_field"), (32, "unknown_field"), (33, "too_deep")])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_the_depth_of_nesting_is_exact(client, levels, code, pair):
    opened, closed = ("[" * (levels - 1), "]" * (levels - 1))
    if pair == "{}":
        opened, closed = '{"a":' * (levels - 1) + "1", "}" * (levels - 1)
    answer = client.post("/v1/ask", content=f'{{"question": "a", "b": {opened}{closed}}}', headers=JSON)
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_not_json_is_called_so(client, name):
    answer = client.post("/v1/ask", content=NOT_JSON[name], headers=JSON)
    assert answer.status_code == (422 if name == "empty" else 400)


BLANK = " \u3000\n\u2003"
BLANKS = [
    ("/v1/search", {"query": BLANK}),
    ("/v1/ask", {"question": BLANK}),
    ("/v1/similarity", {"query": "a", "texts": ["a", BLANK]}),
    ("/v1/embeddings", {"model": "letters", "input": BLANK}),
    ("/v1/link", {"mentions": ["a", BLANK]}),
    ("/v1/predict/first-letter", {"inputs": [BLANK]}),
]


@pytest.mark.parametrize(("route", "body"), BLANKS)
def test_blank_text_is_no_text(client, route, body):
    answer = client.post(route, json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "text is needed, found only white space"


ODD = {
    "NUL": "a\0b",
    "all planes": "a\U0001f469\u200d\u2695\ufe0f\U0002070e",
    "noncharacters": "\uffff\ufdd0\U0010ffff",
    "right to left": "\u202e warfarin \u202c",
    "combining marks": "e" + "\u0301" * 1_999,
    "decomposed": "\u1112\u1161\u11ab",
    "private use": "\ue000",
    "one word": "x" * 2_000,
    "markup": "<script>alert(1)</script>",
    "quotes": "\"'`;--",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_text_is_text(client, text):
    assert client.post("/v1/search", json={"query": text}).json()["query"] == text
    assert client.post("/v1/ask", json={"question": text}).json()["question"] == text
    body = {"query": "a", "texts": [text + "x" * 20_000], "on_overflow": "window"}
    answer = client.post("/v1/similarity", json=body)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_a_web_page_can_post_without_asking_is_refused(client, kind):
    headers = {"content-type": kind} if kind else {}
    answer = client.post("/v1/search", content=b'{"query": "a"}', headers=headers)
    assert answer.status_code == 415


def padded(length):
    start, end = b'{"query": "warfarin"', b"}"
    return start + b" " * (length - len(start) - len(end)) + end


@pytest.mark.parametrize(("over", "status"), [(-1, 200), (0, 200), (1, 413)])
@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_the_body_limit_is_exact(client, over, status, chunked):
    body = padded(limits.LONGEST_BODY_BYTES + over)
    content = (body[at : at + 65_536] for at in range(0, len(body), 65_536)) if chunked else body
    answer = client.post("/v1/search", content=content, headers=JSON)
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["error"]["code"] == "body_too_long"
        assert answer.headers["connection"] == "close"


def around(bound, inside=200):
    """A bound less 1, itself, and 1 more, with the status of each."""
    return pytest.mark.parametrize(
        ("length", "status"), [(bound - 1, inside), (bound, inside), (bound + 1, 422)], ids=["-1", "0", "+1"]
    )


@around(limits.LONGEST_QUERY)
def test_the_query_limit_is_exact(client, length, status):
    assert client.post("/v1/search", json={"query": "가" * length}).status_code == status
    assert client.post("/v1/ask", json={"question": "心" * length}).status_code == status


@around(limits.LONGEST_TEXT)
def test_the_text_limit_is_exact(client, length, status):
    body = {"model": "letters", "input": "가" * length, "on_overflow": "window"}
    assert client.post("/v1/embeddings", json=body).status_code == status


@around(limits.LONGEST_MENTION)
def test_the_mention_limit_is_exact(client, length, status):
    assert client.post("/v1/link", json={"mentions": ["心" * length]}).status_code == status


@around(limits.LONGEST_ID, inside=404)
def test_the_id_limit_is_exact(client, length, status):
    assert client.get("/v1/document/" + "a" * length).status_code == status


@around(limits.LONGEST_FILTER)
def test_the_filter_limit_is_exact(client, length, status):
    where = f"id = '{'a' * (length - len('id = ' + chr(39) * 2))}'"
    assert len(where) == length
    assert client.post("/v1/search", json={"query": "a", "where": where}).status_code == status


@around(limits.MOST_TEXTS)
def test_the_number_of_texts_is_exact(client, length, status):
    assert client.post("/v1/embeddings", json={"model": "letters", "input": ["a"] * length}).status_code == status
    assert client.post("/v1/link", json={"mentions": ["a"] * length}).status_code == status
    assert client.post("/v1/predict/first-letter", json={"inputs": ["a"] * length}).status_code == status


TOPS = [
    ("/v1/search", {"query": "a"}, limits.MOST_HITS),
    ("/v1/ask", {"question": "a"}, limits.MOST_ANSWERS),
    ("/v1/link", {"mentions": ["a"]}, limits.MOST_CANDIDATES),
]


@pytest.mark.parametrize(("path", "body", "most"), TOPS)
def test_the_number_of_hits_is_exact(client, path, body, most):
    expected = {0: 422, 1: 200, most - 1: 200, most: 200, most + 1: 422}
    assert {top: client.post(path, json=body | {"top": top}).status_code for top in expected} == expected
