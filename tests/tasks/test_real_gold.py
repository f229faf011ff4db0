"""Real files: what their annotations teach comes back from the labels, or is counted among the losses."""

from pathlib import Path

import pytest
from ideal import IDEAL

from medenc.core.plugins import build
from medenc.data.reading import Rejects
from medenc.text.tokenizer import train_wordpiece

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not here")


def returned(name, reader, options, max_tokens=128, most=None):
    """Rows that were learned from, their predictions from the labels alone, the counts, and the score."""
    rejects = Rejects()
    rows = list(build("reader", reader, "here").read(DATA / name, rejects))[:most]
    rejects.finish()
    texts = {getattr(row, "context", "") or getattr(row, "text", "") or row.question for row in rows}
    tokenizer = train_wordpiece(sorted(texts), 5000)
    task = build("task", options, "here")
    labels = task.labels_of(rows)
    features, counts = task.features(rows, tokenizer, labels, max_tokens, learn=True)
    head = task.head_options(labels)
    found = [task.read(IDEAL[head["use"]](feature, head), feature, labels) for feature in features]
    predictions = task.decode(found, features, rows, labels)
    kept = sorted({feature.row for feature in features})
    assert len(rows) - len(kept) == (counts.get("lost", 0) if len(kept) < len(rows) else 0)
    rows, predictions = [rows[row] for row in kept], [predictions[row] for row in kept]
    return rows, predictions, counts, task.score(rows, predictions, labels)


QA = {"use": "extractive_qa", "max_answer_tokens": 10_000}


@pytest.mark.parametrize(
    ("name", "unit", "max_tokens", "most"),
    [
        ("cmrc2018/cmrc2018_trial.json.gz", "character", 512, None),
        ("bioasq_golden/derived_squad/factoid_dev.json.gz", "word", 384, None),
        ("bioasq_golden/derived_squad/list_dev.json.gz", "word", 384, None),
        ("covid_qa/200423_covidQA.json.gz", "word", 384, 60),
        pytest.param("covid_qa/200423_covidQA.json.gz", "word", 512, None, marks=pytest.mark.slow),
    ],
    ids=["CMRC", "BioASQ factoid", "BioASQ list", "COVID-QA, some", "COVID-QA"],
)
def test_answers_come_back_but_those_inside_a_token(name, unit, max_tokens, most):
    rows, predictions, counts, scores = returned(name, {"use": "squad"}, {**QA, "unit": unit}, max_tokens, most)
    wrong = sum(
        found.text.strip() not in {answer.text.strip() for answer in row.answers}
        for row, found in zip(rows, predictions, strict=True)
    )
    assert wrong <= counts["inexact"] <= 0.05 * len(rows)
    assert scores["f1"] > 0.99


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("diakg_sample/sample.json", {"use": "diakg"}),
        ("chineseblue/cMedQANER/dev.json.gz", {"use": "mentions"}),
        ("chineseblue/cMedQANER/dev.txt.gz", {"use": "conll", "joined_by": ""}),
    ],
    ids=["DiaKG", "cMedQANER mentions", "cMedQANER tags"],
)
def test_every_entity_comes_back(name, reader):
    _, _, counts, scores = returned(name, reader, {"use": "entity_spans", "unit": "character"})
    assert counts["lost"] == 0
    assert scores["f1"] == 1


def test_every_triple_comes_back_and_the_published_scheme_says_what_it_loses():
    name, reader = "diakg_sample/sample.json", {"use": "diakg"}
    rows, predictions, counts, scores = returned(name, reader, {"use": "triples"})
    assert (counts["lost"], counts["unplaced"], counts["respelled"]) == (0, 0, 0)
    assert scores["f1"] == scores["span_f1"] == scores["entity_f1"] == 1
    assert sum(len(own.triples) for own in predictions) == sum(len(row.triples) for row in rows) == 173
    _, _, counts, scores = returned(name, reader, {"use": "triples", "scheme": "published"})
    assert counts["lost"] == 136  # sides that begin where another begins, or hold another
    assert scores["span_f1"] == pytest.approx((173 - 136) / 173)


@pytest.mark.parametrize(
    ("name", "reader", "n"),
    [
        ("mcq_en/medmcqa_dev.jsonl.gz", {"use": "choices"}, 2000),
        ("mcq_en/mmlu/data/val/nutrition_val.csv", {"use": "mmlu"}, 33),
    ],
    ids=["MedMCQA", "MMLU"],
)
def test_every_choice_comes_back(name, reader, n):
    rows, _, _, scores = returned(name, reader, {"use": "multiple_choice", "options": 4})
    assert len(rows) == n
    assert scores == {"accuracy": 1}
