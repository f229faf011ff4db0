import gzip

import pytest

from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.records import Name
from medenc.evaluation.jaccard import Jaccard
from medenc.evaluation.linking import read_mentions

NAMES = """C1||hypertension
C1||high blood pressure
C2||diabetes mellitus
C3||diabetes insipidus
C4|C5||breast and ovarian cancer
C5||ovarian cancer
C6||common cold
C7||Common Cold
"""
MENTIONS = """C1||Hypertension
C2||diabetes melitus
C5|C6||ovarian cancer|colds
C7||common cold
C3||diabets insipidus (DI)
C9||sarcoidosis
cui-less||something
"""


def run(out, name, **options):
    step = build("step", {"use": name, **options}, name)
    with writing(out, step.kind, options={}) as draft:
        step.run(draft)
    return open_artifact(out)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "names.txt").write_text(NAMES)
    (tmp_path / "mentions.txt").write_text(MENTIONS)
    (tmp_path / "train.txt").write_text("C1||raised blood pressure\nC2||diabetes\nC99||unheard of\n")
    return tmp_path


def test_the_baseline_by_hand():
    """##ab## has the groups ##a #ab ab# b##; ##abc## shares two of its five with it: 2 / (4 + 5 - 2)."""
    baseline = Jaccard([Name("C1", "abc"), Name("C2", "AB"), Name("C3", "ab"), Name("C4", "xy")])
    assert baseline.rank(["ab"], 2) == [[frozenset({"C2", "C3"}), frozenset({"C1"})]]


def test_a_context_is_not_read(tmp_path):
    path = tmp_path / "mentions.txt.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("C1||眼睛|| 並於 <tgt>眼睛</tgt> 位置\nC2|C3||西瓜||瓜\n")
    assert read_mentions(path) == [Name("C1", "眼睛"), Name("C2|C3", "西瓜")]


def test_a_dictionary_is_measured(files):
    made = run(files / "dictionary", "dictionary", files=[files / "names.txt"], calibrate=files / "mentions.txt")
    assert made.manifest["numbers"]["names"] == 8
    assert made.manifest["numbers"]["concepts"] == 7
    report = run(
        files / "report",
        "evaluate_linking",
        dictionary=files / "dictionary",
        mentions=files / "mentions.txt",
        train=files / "train.txt",
    )
    numbers = report.manifest["numbers"]
    assert numbers["mentions"] == {
        "n": 6,
        "composite": 1,
        "several_concepts": 1,
        "in_dictionary": 2,
        "linkable": 5,
        "unseen": 4,
    }
    sound = numbers["scores"]["sound"]["lexical"]
    assert sound["Acc@5"] == pytest.approx(5 / 6)
    assert sound["Acc@1"] == pytest.approx(4 / 6), "common cold is C6 and C7; C6 comes first in the dictionary"
    assert numbers["slices"]["linkable"]["lexical"]["Acc@5"] == 1
    assert numbers["slices"]["unseen"]["lexical"]["Acc@5"] == pytest.approx(3 / 4)
    low, high = numbers["intervals"]["sound"]["lexical"]["Acc@5"]
    assert low < 5 / 6 < high
    assert 0 <= numbers["none"]["lexical"]["roc_area"] <= 1
    shown = (files / "report" / "table.md").read_text()
    assert shown.count("\n") == 2 + 4 + 4
    assert "| sound | lexical | 0.667 [" in shown
    assert "| sound, unseen (4) | lexical | 0.500 | 0.750 |" in shown


def test_a_dictionary_made_of_the_mentions_is_refused(files):
    run(files / "dictionary", "dictionary", files=[files / "names.txt", files / "mentions.txt"])
    with pytest.raises(MedencError, match="holds these mentions as names"):
        run(files / "report", "evaluate_linking", dictionary=files / "dictionary", mentions=files / "mentions.txt")


def test_mentions_without_a_concept_are_not_measured(files):
    (files / "none.txt").write_text("cui-less||something\n")
    run(files / "dictionary", "dictionary", files=[files / "names.txt"])
    with pytest.raises(MedencError, match="no mention to link"):
        run(files / "report", "evaluate_linking", dictionary=files / "dictionary", mentions=files / "none.txt")
