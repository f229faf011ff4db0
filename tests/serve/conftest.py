import json
from dataclasses import replace
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser, serving
from fastapi.testclient import TestClient
from notes import READERS
from smallest import FirstLetter, LetterModel

import medenc
from medenc.core.artifact import Artifact
from medenc.data.records import Passage
from medenc.data.sources import read_names
from medenc.search import dictionary
from medenc.search.index import Index
from medenc.search.linker import Linker
from medenc.search.settings import Model
from medenc.serve.app import create_app
from medenc.serve.errors import HEADERS
from medenc.serve.provenance import described
from medenc.serve.served import Served
from medenc.text.analyzer import Analyzer

SAMPLE = Path(medenc.__file__).parent / "sample" / "corpus.jsonl"
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</mark><svg onload=alert(1)>",
    '"><iframe srcdoc="<script>alert(1)</script>">',
    "javascript:alert(1)",
    "&lt;b&gt; &amp; &#x3c;",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)} `x`",
    "]]><!--",
    "\u202egnp.exe",
]


def hostile(text):
    """A document that is an attack wherever it can be one, with the word `needle` around it."""
    return Passage(f"id {text}", f"needle 👩‍⚕️ {text} needle", text, {"language": text, text: text})


@pytest.fixture(scope="session")
def passages():
    """The beginning of the bundled sample and the hostile documents, by id."""
    rows = map(json.loads, SAMPLE.read_text("utf-8").splitlines()[:90])
    sample = [Passage(row["_id"], row["text"], row["title"], row["metadata"]) for row in rows]
    return {passage.id: passage for passage in [*sample, *map(hostile, HOSTILE)]}


@pytest.fixture(scope="session")
def index(passages, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "index"
    made_by = Model(path="/srv/secret/model", fingerprint="letters", dimension=26, similarity="cosine")
    names = list(read_names(SAMPLE.with_name("terms.tsv")))
    index = Index.create(path, Analyzer(), made_by, lambda _: LetterModel(), names=names)
    index.add(passages.values())
    return index


@pytest.fixture(scope="session")
def served(index, tmp_path_factory):
    """One of each kind that a server may have."""
    folder = tmp_path_factory.mktemp("dictionary")
    dictionary.build(folder, read_names(SAMPLE.with_name("terms.tsv")))
    report = Artifact(Path("/srv/secret/report"), {"kind": "index", "numbers": {"data": "/srv/secret/sample"}})
    return Served(
        index,
        {"letters": LetterModel()},
        {"first-letter": FirstLetter()},
        Linker(folder, None),
        [described("index", "notes", report)],
    )


class Wary(TestClient):
    """A client that takes no answer without the security headers."""

    def request(self, *args, **options):
        answer = super().request(*args, **options)
        assert HEADERS.items() <= dict(answer.headers).items()
        return answer


@pytest.fixture(scope="session")
def client(served):
    app = create_app(served)
    with Wary(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def server(served):
    """The address of a server that has one of everything that the page shows."""
    report = {
        "role": "report",
        "name": "evaluate",
        "created": "2026-01-02T03:04:05+00:00",
        "numbers": {
            "n_queries": 96,
            "split": "test",
            "scores": {"hybrid": {"nDCG@10": 0.75, "R@100": 0.9}, "lexical": {"nDCG@10": 0.5, "R@100": 1.0}},
            "intervals": {"hybrid": {"nDCG@10": [0.7, 0.8]}},
            "tests": [{"a": "hybrid", "b": "lexical", "measure": "nDCG@10", "difference": 0.25, "p": 0.0004}],
        },
    }
    whole = replace(served, tasks={**served.tasks, **READERS}, manifests=[*served.manifests, report])
    with serving(whole) as address:
        yield address


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(chromium, server):
    """The page in English as somebody sees it for the first time."""
    chromium.size(1200, 900)
    chromium.open(server + "/")
    chromium.run("localStorage.clear()")
    chromium.open(server + "/")
    chromium.events.clear()
    return chromium
