"""Every task file of the development data: read whole, with every annotation accounted for."""

from pathlib import Path

import pytest

from medenc.core.plugins import build
from medenc.data.reading import Rejects
from medenc.data.writing import conll_text, pubtator_text, squad_document

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not here")
CHARACTERS = {"use": "conll", "joined_by": ""}


def read(name, **options):
    rejects = Rejects(max_ratio=0)
    rows = list(build("reader", options, "here").read(DATA / name, rejects))
    rejects.finish()
    return rows, rejects.report()


@pytest.mark.parametrize(
    ("name", "options", "n_rows", "n_parts"),
    [
        ("bioasq_golden/derived_squad/list_dev.json.gz", {"use": "squad"}, 729, 1437),
        ("bioasq_golden/derived_yesno/dev.jsonl", {"use": "bioasq"}, 123, 0),
        ("chineseblue/cMedQQ/dev.txt.gz", {"use": "tsv", "columns": ["label", "text", "pair"]}, 1793, 0),
        ("chineseblue/cMedTC/dev.txt.gz", {"use": "tsv", "columns": ["label", "text"]}, 1550, 0),
        ("chineseblue/cMedQANER/dev.json.gz", {"use": "mentions"}, 175, 1035),
        ("klue/klue-nli-v1.1_dev.json.gz", {"use": "labelled"}, 2500, 0),
        ("mcq_en/medmcqa_dev.jsonl.gz", {"use": "choices"}, 2000, 0),
        ("mcq_en/mmlu/data/val/nutrition_val.csv", {"use": "mmlu"}, 33, 0),
        ("pubmedqa/ori_pqal.json.gz", {"use": "pubmedqa"}, 500, 0),
        ("scibert_tasks/text_classification/chemprot/dev.txt.gz", {"use": "labelled"}, 2427, 0),
        ("bc5cdr_sample_pubtator/CDR_sample.txt", {"use": "pubtator"}, 50, 925),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_is_lost(name, options, n_rows, n_parts):
    rows, report = read(name, **options)
    assert (len(rows), report["kept"], report["bad"]) == (n_rows, n_rows, 0)
    assert report["parts"]["read"] == n_parts


@pytest.mark.parametrize(
    ("name", "options", "n_entities"),
    [
        ("ncbi_disease/conll/devel.tsv.gz", {"use": "conll"}, 787),
        ("ner_en_mtl2016/BC5CDR-IOB/devel.tsv.gz", {"use": "conll"}, 5347 + 4246),
        ("chineseblue/cMedQANER/dev.txt.gz", CHARACTERS, 1024),
        ("klue/klue-ner-v1.1_dev.tsv.gz", CHARACTERS, 11459),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_entities_come_back_from_the_writer(tmp_path, name, options, n_entities):
    rows, _ = read(name, **options)
    assert sum(len(row.entities) for row in rows) == n_entities
    path = tmp_path / "again.txt"
    path.write_text(conll_text(rows), encoding="utf-8")
    again = list(build("reader", options, "here").read(path, Rejects()))
    assert [(row.text, row.entities) for row in again] == [(row.text, row.entities) for row in rows]


def test_pubtator_comes_back_from_the_writer(tmp_path):
    rows, report = read("ncbi_disease/pubtator/NCBItrainset_corpus.txt.gz", use="pubtator")
    assert sum(len(row.entities) for row in rows) == 5145
    assert sum(report["parts"]["repaired"].values()) == 1  # two spaces after its last word
    path = tmp_path / "again.txt"
    path.write_text(pubtator_text(rows), encoding="utf-8")
    again = list(build("reader", {"use": "pubtator"}, "here").read(path, Rejects()))
    assert [row.entities for row in again] == [row.entities for row in rows]


def test_the_234_wrong_offsets_of_covid_qa_are_those_of_the_repaired_copy():
    rows, report = read("covid_qa/200423_covidQA.json.gz", use="squad")
    assert sum(report["parts"]["repaired"].values()) == 234
    for found, fixed in zip(rows, read("covid_qa/derived_fixed_offsets.json.gz", use="squad")[0], strict=True):
        assert found.id == fixed.id
        ours, theirs = found.answers[0], fixed.answers[0]
        assert ours.text.strip() == theirs.text.strip()
        assert theirs.start <= ours.start <= ours.end <= theirs.end
    squad_document(rows)


def test_cmrc_counts_a_rare_character_twice_and_diakg_keeps_its_triples():
    _, report = read("cmrc2018/cmrc2018_trial.json.gz", use="squad")
    assert report["parts"]["repaired"] == {"the offset counts other units than characters": 5}
    rows, _ = read("diakg_sample/sample.json", use="diakg")
    assert (sum(len(r.entities) for r in rows), sum(len(r.triples) for r in rows)) == (424, 173)
