import json

import pytest

from medenc.core.errors import MedencError
from medenc.data.bioasq import (
    BioasqQuestion,
    Snippet,
    document_contexts,
    find_answers,
    snippet_contexts,
    to_squad,
    to_yes_no,
)
from medenc.data.records import Passage
from medenc.data.submissions import clean, merge_factoid, merge_list, merge_yes_no, write_submission

ID = "5be48c39133db5eb7800001d"
FACTOID = BioasqQuestion(
    ID,
    "factoid",
    "Which gene?",
    (
        Snippet("The p53 protein.", "http://x/pubmed/11"),
        Snippet("Nothing."),
        Snippet("The p53 protein.", "http://x/pubmed/12"),
    ),
    ("http://x/pubmed/11",),
    (("TP53", "p53"),),
)


@pytest.mark.parametrize(
    ("context", "synonyms", "found"),
    [
        ("Mutant TP53 and p53.", ["p53", "TP53"], ["TP53", "p53"]),
        ("PARKINSON'S DISEASE was", ["Parkinson's disease"], ["PARKINSON'S DISEASE"]),
        ("the sirna was", ["siRNA"], []),  # a symbol keeps its case
        ("mutp53 p53x p53", ["p53"], ["p53"]),
        ("IL-6 receptor blocks", ["IL-6", "IL-6 receptor"], ["IL-6 receptor"]),
        ("IL-6 receptor binds IL-6", ["IL-6", "IL-6 receptor"], ["IL-6 receptor", "IL-6"]),
        (
            "growth differentiation factor‐15",
            ["growth differentiation factor-15"],
            ["growth differentiation factor‐15"],
        ),
        ("５０ mg daily", ["50 mg"], ["５０ mg"]),
        ("당뇨에 인슐린을 쓴다", ["인슐린"], ["인슐린"]),
        ("nothing", [""], []),
    ],
)
def test_mentions_of_synonyms(context, synonyms, found):
    answers = find_answers(context, [synonyms])
    assert [answer.text for answer in answers] == found
    assert all(context[answer.start : answer.end] == answer.text for answer in answers)


def test_the_mention_is_the_one_that_stands_alone():
    assert [answer.start for answer in find_answers("mutp53 p53x p53", [["p53"]])] == [12]


def test_a_question_a_context_with_ids_of_28_characters():
    summary = BioasqQuestion("s", "summary", "?")
    pairs = [(FACTOID, snippet_contexts(FACTOID)), (summary, [("", "x")])]
    training = to_squad(pairs, keep_unmatched=False)
    assert [q.id for q in training.questions] == [f"{ID}_000"]
    assert len(training.questions[0].id) == 28
    assert (training.n_pairs, training.n_unmatched) == (2, 1)
    assert training.questions[0].accepted == ("TP53", "p53")
    test = to_squad(pairs, keep_unmatched=True)
    assert [(q.group, len(q.answers), q.impossible) for q in test.questions] == [(ID, 1, False), (ID, 0, False)]
    with pytest.raises(MedencError, match="more than 1000 contexts"):
        to_squad([(FACTOID, [("", "x")] * 1001)], keep_unmatched=True)


def test_whole_abstracts():
    documents = {"11": Passage("11", "About p53.", "A title."), "12": Passage("12", "Other.", "B")}
    assert document_contexts(FACTOID, documents) == [("A title.", "A title.\nAbout p53."), ("B", "B\nOther.")]
    with pytest.raises(MedencError, match="no document 12"):
        document_contexts(FACTOID, {"11": documents["11"]})


def test_yes_no_pairs_belong_to_their_question():
    question = BioasqQuestion("y", "yesno", "Is it?", (Snippet("It is."), Snippet("So.")), decision="yes")
    pairs = to_yes_no(question, snippet_contexts(question))
    assert [(p.id, p.group, p.text, p.pair, p.label) for p in pairs] == [
        ("y_000", "y", "Is it?", "It is.", "yes"),
        ("y_001", "y", "Is it?", "So.", "yes"),
    ]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("BRCA1 ", "BRCA1"),
        ("BRCA1.", "BRCA1"),
        ("(p53)", "p53"),
        ("(a) or (b)", "(a) or (b)"),
        ("p53)", ""),
        (" ", ""),
        ("x" * 101, ""),
        (")(", ""),
    ],
)
def test_cleaning(answer, kept):
    assert clean(answer) == kept


def test_factoid_candidates_add_up_over_contexts_and_stop_at_five():
    contexts = [[("TP53", 0.4), ("", 0.6)], [("BRCA1", 0.5), ("tp53", 0.2)], [(f"other {i}", 0.01) for i in range(9)]]
    merged = merge_factoid(contexts)
    assert merged[:2] == [["TP53"], ["BRCA1"]]
    assert len(merged) == 5


def test_list_candidates():
    contexts = [
        [("aspirin", 0.9), ("ibuprofen", 0.5), ("aspirin and ibuprofen", 0.6)],
        [("aspirin", 0.1), ("placebo", 0.2)],
    ]
    assert merge_list(contexts, "List drugs.") == [["aspirin"], ["ibuprofen"]]
    assert merge_list(contexts, "Which one drug helps?") == [["aspirin"]]
    assert merge_list(contexts, "Drugs in phase 1 trials?") == [["aspirin"], ["ibuprofen"]]
    assert merge_list(contexts, "List drugs.", threshold=0.99) == [["aspirin"]]  # at least one
    often = [[("aspirin", 0.9), ("placebo", 0.2)]] * 3
    assert merge_list(often, "List drugs.") == [["aspirin"]]  # the mean counts, not the sum
    assert merge_list([[("", 1.0)]], "List drugs.") == []


def test_yes_no_by_the_mean():
    assert merge_yes_no([0.9, 0.2]) == "yes"
    assert merge_yes_no([0.5]) == "no"
    with pytest.raises(MedencError, match="without a context"):
        merge_yes_no([])


def test_the_submission(tmp_path):
    path = tmp_path / "out.json"
    write_submission(path, [FACTOID], {ID: [["TP53"]]})
    (row,) = json.loads(path.read_text())["questions"]
    assert (row["id"], row["type"], row["exact_answer"]) == (ID, "factoid", [["TP53"]])
    with pytest.raises(MedencError, match="answers to 1 unknown questions"):
        write_submission(path, [FACTOID], {"z": "yes"})
