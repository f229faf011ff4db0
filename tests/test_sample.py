"""The bundled sample keeps its promises: sizes, languages, honest judgements, verbatim answers."""

import csv
import json
import unicodedata
from collections import Counter, defaultdict
from importlib.resources import files
from pathlib import Path

import pytest

SAMPLE = Path(str(files("medenc").joinpath("sample")))
CORPUS = [json.loads(line) for line in (SAMPLE / "corpus.jsonl").read_text().splitlines()]
QUERIES = [json.loads(line) for line in (SAMPLE / "queries.jsonl").read_text().splitlines()]
NAMES = [line.split("\t") for line in (SAMPLE / "terms.tsv").read_text().splitlines()]
TEXT = {passage["_id"]: passage["text"] for passage in CORPUS}


def qrels(split):
    with (SAMPLE / "qrels" / f"{split}.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_eighty_passages_a_language():
    assert Counter(p["metadata"]["language"] for p in CORPUS) == {"ko": 80, "zh": 80, "en": 80}
    assert len(TEXT) == len({p["text"] for p in CORPUS}) == len({p["title"] for p in CORPUS}) == 240


def test_queries_of_every_kind_in_every_language():
    assert len({q["_id"] for q in QUERIES}) == len({q["text"] for q in QUERIES}) == 240
    assert min(Counter(q["metadata"]["language"] for q in QUERIES).values()) >= 75
    kinds = Counter(q["metadata"]["kind"] for q in QUERIES)
    assert kinds == {"plain": 72, "code_switched": 48, "cross_lingual": 60, "misspelt": 30, "abbreviation": 30}


def test_every_query_is_judged_in_one_split_and_topics_do_not_cross():
    topic = {q["_id"]: q["metadata"]["topic"] for q in QUERIES}
    topics, judged = {}, set()
    for split in ("train", "dev", "test"):
        rows = qrels(split)
        assert all(row["corpus-id"] in TEXT and row["score"] in "12" for row in rows)
        assert len({(row["query-id"], row["corpus-id"]) for row in rows}) == len(rows)
        assert not judged & {row["query-id"] for row in rows}
        judged |= {row["query-id"] for row in rows}
        topics[split] = {topic[row["query-id"]] for row in rows}
    assert judged == set(topic)
    assert not topics["test"] & (topics["train"] | topics["dev"])
    assert not topics["train"] & topics["dev"]


def test_a_cross_lingual_query_has_its_answer_in_another_language_only():
    language = {p["_id"]: p["metadata"]["language"] for p in CORPUS}
    asked = {q["_id"]: q["metadata"]["language"] for q in QUERIES if q["metadata"]["kind"] == "cross_lingual"}
    for row in (row for split in ("train", "dev", "test") for row in qrels(split)):
        if row["score"] == "2" and row["query-id"] in asked:
            assert language[row["corpus-id"]] != asked[row["query-id"]]


def test_two_hundred_concepts_with_names_in_three_languages():
    languages, owner = defaultdict(set), {}
    for concept, language, term in NAMES:
        assert term == unicodedata.normalize("NFC", term).strip()
        languages[concept].add(language)
        key = unicodedata.normalize("NFKC", term).casefold()
        assert owner.setdefault(key, concept) == concept, f"{term} names two concepts"
    assert len(languages) == 200
    assert all(spoken == {"ko", "zh", "en"} for spoken in languages.values())


def questions():
    data = json.loads((SAMPLE / "questions.json").read_text())["data"]
    return [(a["title"], p["context"], q) for a in data for p in a["paragraphs"] for q in p["qas"]]


def test_answers_are_verbatim_and_twenty_questions_have_none():
    assert Counter(q["is_impossible"] for _, _, q in questions()) == {False: 60, True: 20}


@pytest.mark.parametrize(
    ("title", "context", "question"), questions(), ids=lambda v: v["id"] if isinstance(v, dict) else ""
)
def test_question(title, context, question):
    assert context == TEXT[title]
    assert bool(question["answers"]) != question["is_impossible"]
    for answer in question["answers"]:
        start = answer["answer_start"]
        assert context[start : start + len(answer["text"])] == answer["text"]
