"""Whatever a server answers, the page shows it as text: 150 attacks in every place where text of others is shown.

The answers are made here, since a real index could not hold most of them (a label, a concept id, a score's name).
"""

import json

import pytest
from payloads import PAYLOADS

N = len(PAYLOADS)
TAGS = [
    *[
        "HTML",
        "HEAD",
        "META",
        "TITLE",
        "LINK",
        "SCRIPT",
        "BODY",
        "HEADER",
        "NAV",
        "MAIN",
        "FOOTER",
        "NOSCRIPT",
        "SECTION",
    ],
    *[
        "H1",
        "H2",
        "P",
        "DIV",
        "SPAN",
        "I",
        "B",
        "Q",
        "A",
        "KBD",
        "CODE",
        "PRE",
        "SMALL",
        "MARK",
        "UL",
        "OL",
        "LI",
        "DL",
    ],
    *["DT", "DD", "FORM", "FIELDSET", "LEGEND", "LABEL", "INPUT", "TEXTAREA", "SELECT", "OPTION", "BUTTON", "DETAILS"],
    *["SUMMARY", "TABLE", "THEAD", "TBODY", "TR", "TD", "TH", "FIGURE", "ARTICLE", "CANVAS"],
    *["svg", "path", "circle", "line", "text"],
]


def hit(place, text):
    return {
        "id": text,
        "rank": place + 1,
        "score": 1.0,
        "title": text,
        "text": text,
        "metadata": {text: text, "language": text},
        "highlights": [[0, len(text)]],
        "parts": {"lexical": 1.0, "dense": 0.5},
        "matched": [{"term": text, "score": 0.5, "spans": [[0, len(text)]]}],
        "window": [0, len(text)],
        "synonyms": [{"concept_id": text, "asked": text, "term": text, "spans": [[0, len(text)]]}],
    }


def candidate(text):
    names = [{"term": text, "language": language} for language in ("ko", "zh", "en", text)]
    return {"concept_id": text, "term": text, "score": 0.5, "language": text, "how": "exact", "names": names}


SCORES = {text: dict.fromkeys(PAYLOADS[:20], 0.5) for text in PAYLOADS}
ANSWERS = {
    "/v1/info": {
        "medenc": PAYLOADS[0],
        "generation": 1,
        "index": {"documents": N, "version": 1, "modes": ["hybrid", "dense", "lexical"]},
        "models": {text: {} for text in PAYLOADS},
        "tasks": {text: {"task": text, "labels": []} for text in PAYLOADS},
        "readers": PAYLOADS,
        "dictionary": {"names": 1, "concepts": 1, "modes": ["lexical"]},
        "limits": {"texts": 32},
    },
    "/v1/search": {
        "query": "",
        "mode": "hybrid",
        "hits": [hit(*one) for one in enumerate(PAYLOADS)],
        "timing_ms": {"total": 1},
    },
    "/v1/ask": {
        "question": "",
        "answers": [{"text": text, "start": 0, "end": len(text), "id": text, "probability": 0.9} for text in PAYLOADS],
        "no_answer_probability": 0.1,
    },
    "/v1/similarity": {
        "query": "",
        "scores": [0.5] * 4,
        "similarity": PAYLOADS[1],
        "model": "",
        "usage": {"total_tokens": 1},
    },
    "/v1/link": {"links": [{"mention": text, "candidates": [candidate(text)] * 2} for text in PAYLOADS]},
    "/v1/map": {
        "ids": PAYLOADS,
        "titles": PAYLOADS,
        "x": [0.0] * N,
        "y": [0.0] * N,
        "metadata": dict.fromkeys(PAYLOADS, PAYLOADS),
    },
    "/v1/numbers": {
        "artifacts": [
            {
                "role": "report",
                "name": PAYLOADS[0],
                "fingerprint": PAYLOADS[1],
                "numbers": {"scores": SCORES, "split": PAYLOADS[2], "n_queries": 1},
            },
            *[{"role": "model", "name": text, "numbers": {text: {text: text}, "list": [text]}} for text in PAYLOADS],
        ]
    },
}
PREDICTIONS = {
    "entities": {
        "entities": [{"start": i, "end": i + 1, "label": text, "text": text} for i, text in enumerate(PAYLOADS)]
    },
    "triples": {"triples": [{"subject": text, "predicate": text, "object": {"text": text}} for text in PAYLOADS]},
    "classes": {"label": PAYLOADS, "probabilities": dict.fromkeys(PAYLOADS, 0.5)},
    "choice": {"choice": PAYLOADS[0], "probabilities": dict.fromkeys(PAYLOADS[:12], 0.5)},
    "answers": {"answers": [{"text": text, "probability": 0.5} for text in PAYLOADS], "no_answer_probability": 0},
    "value": {"value": PAYLOADS[1]},
    "unknown": {text: [text] for text in PAYLOADS},
}
REPLACE = """{
  window.answers = JSON.parse(%s);
  window.fetch = async (path) => {
    const id = decodeURIComponent(path.slice("/v1/document/".length));
    const document = { id, title: id, text: id, metadata: { [id]: id } };
    const found = path.startsWith("/v1/document/") ? document : (answers[path] ?? answers.predict);
    return new Response(JSON.stringify(found), { status: found.error ? 400 : 200 });
  };
}"""


@pytest.fixture
def hostile(chromium, server):
    """The page of a server whose every answer is an attack."""
    source = REPLACE % json.dumps(json.dumps(ANSWERS))
    added = chromium.call("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
    chromium.size(1200, 900)
    chromium.open(f"{server}/")
    chromium.events.clear()
    yield chromium
    chromium.call("Page.removeScriptToEvaluateOnNewDocument", identifier=added)


def answer(page, name, value):
    """Let the server answer something else."""
    page.run(f"answers[{json.dumps(name)}] = {json.dumps(value)}, null")


def harmless(page):
    """No element, attribute or address that the page does not have of itself, no dialog, nothing forbidden tried."""
    assert page.check(f"foreign({json.dumps(TAGS)})") == []
    assert page.run("document.scripts.length") == 1
    assert page.run("Object.prototype.toString.call({})") == "[object Object]"
    told = [event["method"] for event in page.events]
    assert not {"Page.javascriptDialogOpening", "Log.entryAdded", "Runtime.exceptionThrown"} & set(told)


def shows(page, selector, texts=PAYLOADS):
    """Whether each text is there, whole and unchanged."""
    assert set(texts) <= set(page.texts(selector)), selector


def test_hits(hostile):
    hostile.search("why is this?")
    hostile.run("for (const why of document.querySelectorAll('.why')) why.click()")
    for selector in (".title", ".text mark", ".term", ".weighed b", "q"):
        shows(hostile, selector)
    shows(hostile, ".fact", [f"id {text}" for text in PAYLOADS])
    shows(hostile, ".fact", [f"{text} {text}" for text in PAYLOADS])
    shows(hostile, "#answer .said", PAYLOADS[:1])
    harmless(hostile)
    hostile.click("#modes input[value=beside] + span")
    shows(hostile, ".column:last-child .title")
    harmless(hostile)


def test_filters(hostile):
    hostile.search("x")
    hostile.click("#filter")
    shows(hostile, "#filters option")
    harmless(hostile)
    assert set(hostile.texts("#filters .choice > span")) == {"__proto__", "constructor", "toString", "Condition (SQL)"}


def test_a_document(hostile):
    for text in PAYLOADS:
        hostile.run(
            f"location.hash = 'document?' + new URLSearchParams({json.dumps({'id': text, 'start': 0, 'end': 5})})"
        )
        hostile.settle()
        shows(hostile, "#document-title", [text])
        shows(hostile, "#tab-document .whole", [text])
    harmless(hostile)


def test_answers(hostile):
    hostile.go("ask")
    hostile.type("#question", "x")
    hostile.click("#ask-form .main")
    for selector in (".answered .said", ".answered mark", ".answered .source"):
        shows(hostile, selector)
    hostile.click("#ask-where input[value=pasted] + span")
    hostile.type("#ask-text", " ".join(PAYLOADS))
    hostile.click("#ask-form .main")
    shows(hostile, "#tab-ask .said")
    shows(hostile, "#ask-reader option")
    assert "<script>" in hostile.texts("#tab-ask .results > .whole")[0]
    harmless(hostile)


def test_compared_texts(hostile):
    for start in range(0, N, 4):
        hostile.go("compare")
        hostile.click("#compare-example")
        texts = PAYLOADS[start : start + 4]
        fields = "[...document.querySelectorAll('#compare-texts textarea')]"
        hostile.run(f"{fields}.forEach((field, i) => (field.value = {json.dumps(texts)}[i] ?? ''))")
        if len(texts) == 4:
            hostile.click("#compare-form .main")
            shows(hostile, ".compared", [text.strip() for text in texts])
    shows(hostile, "#compare-model option")
    harmless(hostile)


def test_terms(hostile):
    hostile.go("terms")
    hostile.type("#mentions", "x")
    hostile.click("#terms-form .main")
    for selector in (".mention", ".concept code", ".names li"):
        shows(hostile, selector)
    harmless(hostile)


@pytest.mark.parametrize(
    ("kind", "selectors"),
    [
        ("entities", [".legend li", ".entity small"]),
        ("triples", ["#tab-read td:first-child", "#tab-read td b", "#tab-read td:last-child"]),
        ("classes", []),
        ("choice", []),
        ("answers", ["#tab-read .said"]),
        ("value", []),
        ("unknown", []),
    ],
)
def test_predictions(hostile, kind, selectors):
    answer(hostile, "predict", {"predictions": [PREDICTIONS[kind]]})
    hostile.go("read")
    hostile.type("#read-text", "x" * N)
    hostile.click("#read-form .main")
    assert hostile.texts("#tab-read .results section")
    for selector in selectors:
        shows(hostile, selector)
    shows(hostile, "#read-model option", [f"{text} · {text}" for text in PAYLOADS])
    harmless(hostile)


def test_the_map(hostile):
    hostile.go("map")
    shows(hostile, "#map-by option")
    shows(hostile, "#map-near a", PAYLOADS[:8])
    for text in PAYLOADS[::10]:
        hostile.run(f"location.hash = 'map?' + new URLSearchParams({json.dumps({'by': text})})")
        hostile.settle()
        assert len(hostile.texts("#map-legend li")) == 9
    harmless(hostile)


def test_numbers(hostile):
    hostile.go("numbers")
    for selector in (".artifact h2", ".artifact tbody th", ".artifact dd"):
        shows(hostile, selector)
    shows(hostile, ".artifact dt", [f"{text} › {text}" for text in PAYLOADS])
    harmless(hostile)


def test_errors(hostile):
    for text in PAYLOADS:
        answer(hostile, "/v1/search", {"error": {"code": text, "message": text, "where": text}})
        hostile.search("x")
        shows(hostile, ".problem p", [text])
    harmless(hostile)
