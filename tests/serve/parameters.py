"""Requests with one text in every place where a request may hold a text."""

from urllib.parse import quote


def bodies(text):
    """Path and body, one string of which is the text or holds it."""
    for key, value in {"query": text, "where": text, "mode": text, text: "a"}.items():
        yield "/v1/search", {"query": "a"} | {key: value}
    yield "/v1/search", {"query": "a", "where": f"id = '{text}'"}
    for key in ("question", "text", "reader"):
        yield "/v1/ask", {"question": "a"} | {key: text}
    yield "/v1/link", {"mentions": ["a", text]}
    yield "/v1/link", {"mentions": ["a"], "mode": text}
    yield f"/v1/predict/{quote(text, safe='')}", {"inputs": ["a"]}
    for value in (text, {"question": "a", "context": text}, {text: "a"}):
        yield "/v1/predict/first-letter", {"inputs": [value]}
    for key, value in {"query": text, "texts": ["a", text], "model": text, "on_overflow": text}.items():
        yield "/v1/similarity", {"query": "a", "texts": ["b"]} | {key: value}
    for key in ("model", "input", "encoding_format", "as", "on_overflow"):
        yield "/v1/embeddings", {"model": "letters", "input": "a"} | {key: text}


def requests(text):
    """Method, path, body and headers; the address holds the text as it is, where it may, and percent-encoded."""
    for path, body in bodies(text):
        yield "POST", path, body, {}
    as_it_is, encoded = quote(text, safe="/%.\\:~$*"), quote(text, safe="")
    for place in dict.fromkeys((as_it_is, encoded)):
        for path in (f"/{place}", f"/static/{place}", f"/v1/document/{place}", f"/v1/info?index={place}"):
            yield "GET", path, None, {}
    yield "POST", f"/v1/reload?model={encoded}", None, {}
    for header in ("authorization", "x-forwarded-for", "if-none-match", "range", "cookie", "x-original-url"):
        yield "GET", "/static/page.js", None, {header: encoded}
