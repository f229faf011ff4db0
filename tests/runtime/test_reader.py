"""Reading documents for answers with a trained model."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parents[1] / "tasks"))  # where small models are trained

from trained import trained

from medenc import api
from medenc.cli import app
from medenc.core.errors import MedencError
from medenc.data.examples import Answer, Labelled, Question
from medenc.data.records import Passage
from medenc.runtime.reader import Reader
from medenc.search.index import Index
from medenc.text.analyzer import Analyzer

DRUGS = ("Metformin", "Aspirin", "Warfarin", "Insulin", "Naloxone", "Heparin", "와파린", "二甲双胍")
FILLER = "Blood pressure was normal at every visit. "
ASKED = "Which drug was given?"


def record(drug, before=0, after=0):
    return FILLER * before + f"The drug given was {drug} on that day. " + FILLER * after


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A reader of short records, half of them without an answer."""
    rows = []
    for place, drug in enumerate(DRUGS * 2):
        text = record(drug, place % 3, place % 2)
        rows.append(Question(f"a{place}", ASKED, text, (Answer(drug, text.index(drug)),), (drug,)))
        rows.append(Question(f"n{place}", ASKED, FILLER * (1 + place % 4), impossible=True))
    options = {"use": "extractive_qa", "doc_stride": 16}
    return trained(tmp_path_factory.mktemp("reader"), options, rows, steps=80, backends=("openvino",))[0]


@pytest.fixture(scope="module")
def reader(model):
    return Reader.open(model, threads=1)


def test_the_answer_is_verbatim_with_its_sentence(reader):
    text = record("Warfarin", before=40, after=30)  # many windows
    found = reader.read(ASKED, [("d1", FILLER), ("d2", text)])
    best = found.answers[0]
    assert (best.text, best.id, text[best.start : best.end]) == ("Warfarin", "d2", "Warfarin")
    assert text[slice(*best.sentence)] == "The drug given was Warfarin on that day."
    assert found.no_answer_probability < 0.5 < best.probability
    for one in found.answers:
        assert one.text == {"d1": FILLER, "d2": text}[one.id][one.start : one.end]
    json.dumps(found.to_json())


def test_answers_do_not_overlap_and_come_surest_first(reader):
    found = reader.read(ASKED, [(str(place), record(drug)) for place, drug in enumerate(DRUGS[:4])], top=9)
    assert [one.probability for one in found.answers] == sorted((o.probability for o in found.answers), reverse=True)
    for place, one in enumerate(found.answers):
        for other in found.answers[:place]:
            assert one.id != other.id or one.end <= other.start or other.end <= one.start
    assert {one.text for one in found.answers} >= set(DRUGS[:4])


@pytest.mark.parametrize(
    ("question", "documents"),
    [(ASKED, [("a", FILLER), ("b", FILLER * 3)]), (ASKED, []), (ASKED, [("a", " \n")]), (" ", [("a", FILLER)])],
)
def test_no_answer_when_that_is_likelier(reader, question, documents):
    found = reader.read(question, documents)
    assert found.answers == []
    assert found.no_answer_probability > 0.5


def test_a_model_of_another_task_is_refused(tmp_path):
    rows = [Labelled("a", "fever", "x"), Labelled("b", "cough", "y")]
    folder, _ = trained(tmp_path, {"use": "classification"}, rows, steps=1, backends=())
    with pytest.raises(MedencError, match="trained for classification"):
        Reader.open(folder)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "index"
    opened = Index.create(path, Analyzer())
    opened.add([Passage(drug, record(drug, before=2), title=f"{drug} record") for drug in DRUGS[:4]])
    return path


def test_ask_reads_what_a_search_finds(model, index):
    done = CliRunner().invoke(
        app, ["ask", str(index), "Which drug was given in the Aspirin record?", "--reader", str(model), "--json"]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {"text", "start", "end", "id", "probability", "sentence"} == set(found["answers"][0])
    assert found["answers"][0]["id"] in DRUGS
    assert record(found["answers"][0]["id"], before=2)[found["answers"][0]["start"] :].startswith(
        found["answers"][0]["text"]
    )
    assert "no answer" in CliRunner().invoke(app, ["ask", str(index), ASKED, "--reader", str(model)]).stdout


def test_a_pasted_text_is_read(reader):
    found = api.read(ASKED, record("Heparin", before=3), reader)
    assert (found.answers[0].text, found.answers[0].id) == ("Heparin", "")
