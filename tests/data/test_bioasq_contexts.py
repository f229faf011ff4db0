"""BioASQ's files as rows of tasks, in the three kinds of context."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.bioasq import BioasqQuestion, Snippet, surrounding_contexts
from medenc.data.reading import Rejects
from medenc.data.records import Passage

SAMPLE = Path(str(files("medenc"))) / "sample" / "bioasq" / "train.json"
ABSTRACT = "One came first. Two followed it. The drug was naloxone. It worked at once. Five is far. Six is further."


def rows(path, rejects=None, **options):
    return list(build("reader", options, "here").read(path, rejects or Rejects()))


def test_every_snippet_of_a_factoid_question_is_a_row():
    rejects = Rejects()
    found = rows(SAMPLE, rejects, use="bioasq_squad")
    assert len(found) == 10
    assert rejects.report()["filtered"] == {"a context that holds none of the answers": 1}
    for row in found:
        assert row.id.startswith(row.group)
        assert len(row.id) == 28
        assert all(row.context[a.start : a.end] == a.text for a in row.answers)
    tests = rows(SAMPLE, use="bioasq_squad", keep_unmatched=True)
    assert len(tests) == 11
    assert [row.answers for row in tests].count(()) == 1


def test_lists_have_all_their_answers():
    found = rows(SAMPLE, use="bioasq_squad", kind="list")
    assert [answer.text for answer in found[0].answers] == ["bisoprolol", "carvedilol", "metoprolol"]


def test_yes_no_rows_are_pairs_of_a_group():
    found = rows(SAMPLE, use="bioasq_yes_no")
    assert [row.label for row in found] == ["yes", "no", "no", "yes", "no"]
    assert found[1].group == found[2].group != found[0].group
    assert all(row.pair for row in found)


def asked(snippet, document="http://www.ncbi.nlm.nih.gov/pubmed/17"):
    return BioasqQuestion("q", "factoid", "Which drug?", (Snippet(snippet, document),), (), (("naloxone",),))


@pytest.mark.parametrize(
    ("snippet", "context"),
    [
        ("The drug was naloxone.", ABSTRACT.removesuffix(" Six is further.")),
        ("the DRUG was naloxone", ABSTRACT.removesuffix(" Six is further.")),  # spelled otherwise
        ("Six is further.", "It worked at once. Five is far. Six is further."),
        ("Nowhere to be found.", "Nowhere to be found."),
    ],
)
def test_two_sentences_on_either_side(snippet, context):
    assert surrounding_contexts(asked(snippet), {"17": Passage("17", ABSTRACT)}) == [("", context)]


def test_a_snippet_without_its_abstract_stays_as_it_is():
    assert surrounding_contexts(asked("It is.", "18"), {"17": Passage("17", ABSTRACT)}) == [("", "It is.")]


def test_abstracts_are_read_by_their_pubmed_ids(tmp_path):
    documents = tmp_path / "abstracts.jsonl"
    documents.write_text(json.dumps({"id": "17", "title": "A drug", "text": ABSTRACT}) + "\n", encoding="utf-8")
    data = tmp_path / "data.json"
    snippet = {"text": "The drug was naloxone.", "document": "http://www.ncbi.nlm.nih.gov/pubmed/17"}
    question = {
        "id": "1",
        "type": "factoid",
        "body": "Which drug?",
        "snippets": [snippet],
        "exact_answer": ["naloxone"],
    }
    data.write_text(json.dumps({"questions": [question]}), encoding="utf-8")
    (row,) = rows(data, use="bioasq_squad", contexts="abstract", documents=str(documents))
    assert row.context == f"A drug\n{ABSTRACT}"
    with pytest.raises(MedencError, match="needs the abstracts"):
        rows(data, use="bioasq_squad", contexts="surrounding")
