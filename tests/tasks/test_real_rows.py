"""The gold of real files: reader, labels, features and decoding give every entity, class and relation back."""

from functools import cache
from pathlib import Path

import pytest
from ideal import IDEAL

from medenc.core.plugins import build
from medenc.data.reading import Rejects
from medenc.text.tokenizer import train_wordpiece

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not here")
CHARACTERS = {"use": "conll", "joined_by": ""}
NER, MTL = {"use": "tagging"}, "ner_en_mtl2016"
# file, reader, task, how many annotations the scheme loses (None: some, all of them counted)
FILES = [
    (f"{MTL}/BC5CDR-IOB/devel.tsv.gz", {"use": "conll"}, NER, 0),
    (f"{MTL}/NCBI-disease-IOB/devel.tsv.gz", {"use": "conll"}, NER, 0),
    (f"{MTL}/BC2GM-IOB/devel.tsv.gz", {"use": "conll"}, {**NER, "scheme": "bioes", "broken": "drop"}, 0),
    (f"{MTL}/BC2GM-IOB/devel.tsv.gz", {"use": "conll"}, {**NER, "unit": "piece"}, 0),
    ("scibert_tasks/pico/ebmnlp/dev.txt.gz", {"use": "conll", "each_word": True}, {**NER, "measure": "macro_f1"}, 0),
    ("chineseblue/cMedQANER/dev.txt.gz", CHARACTERS, NER, 0),
    ("chineseblue/cMedQANER/dev.txt.gz", CHARACTERS, {**NER, "unit": "piece"}, None),  # ends inside a piece
    ("klue/klue-ner-v1.1_dev.tsv.gz", CHARACTERS, NER, 0),
    ("klue/klue-ner-v1.1_dev.tsv.gz", CHARACTERS, {**NER, "unit": "piece"}, None),
    ("diakg_sample/sample.json", {"use": "diakg"}, {**NER, "unit": "character"}, None),  # nested entities
    ("diakg_sample/sample.json", {"use": "diakg"}, {"use": "relation"}, None),
    ("bc5cdr_sample_pubtator/CDR_sample.txt", {"use": "pubtator"}, {**NER, "unit": "character"}, None),
    ("chineseblue/cMedIC/train.txt.gz", {"use": "tsv", "columns": ["label", "text"]}, {"use": "classification"}, 0),
    (
        "chineseblue/cMedQQ/dev.txt.gz",
        {"use": "tsv", "columns": ["label", "text", "pair"]},
        {"use": "classification", "pair": True},
        0,
    ),
    ("pubmedqa/ori_pqal.json.gz", {"use": "pubmedqa"}, {"use": "classification", "pair": True}, 0),
    ("klue/klue-nli-v1.1_dev.json.gz", {"use": "labelled"}, {"use": "classification", "pair": True}, 0),
]


@cache
def rows_of(name, options):
    rejects = Rejects(max_ratio=0.1)
    return list(build("reader", dict(options), "here").read(DATA / name, rejects))


@cache
def tokenizer_of(name, options):
    texts = [text for row in rows_of(name, options) for text in (row.text, getattr(row, "pair", ""))]
    tokenizer = train_wordpiece(texts, 2000)
    tokenizer.add_special_tokens(list(build("task", {"use": "relation"}, "here").added_tokens))
    return tokenizer


def frozen(options):
    return tuple((key, tuple(value) if isinstance(value, list) else value) for key, value in options.items())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "reader", "options", "lost"), FILES, ids=lambda value: str(value))
def test_the_gold_comes_back(name, reader, options, lost):
    rows, tokenizer = rows_of(name, frozen(reader)), tokenizer_of(name, frozen(reader))
    task = build("task", options, "here")
    labels = task.labels_of(rows)
    features, counts = task.features(rows, tokenizer, labels, 128, learn=True)
    head = task.head_options(labels)
    found = [task.read(IDEAL[head["use"]](feature, head), feature, labels) for feature in features]
    predictions = task.decode(found, features, rows, labels)
    right = sum(task.right(row, own) for row, own in zip(rows, predictions, strict=True))
    scores = task.score(rows, predictions, labels)
    if lost == 0:
        assert counts.get("lost", 0) == 0
        assert right == len(rows)
        assert scores[task.main_measure] == pytest.approx(1)
    else:
        assert scores["precision"] == 1
        gold = sum(len(task.gold(row)) for row in rows)
        assert scores["recall"] == pytest.approx(1 - counts["lost"] / gold)
