import json

import pytest
from typer.testing import CliRunner

from medenc.cli import app
from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.readers.passages import Passages
from medenc.data.reading import Rejects
from medenc.data.retrieval import load_beir
from medenc.evaluation.retrieval import evaluate
from medenc.evaluation.trained import FACT, train_queries
from medenc.metrics.ranking import mean, measure, read_qrels, read_trec
from medenc.search.index import Index
from medenc.text.analyzer import Analyzer

TOPICS = ["고혈압 amlodipine을 5mg으로", "糖尿病患者的饮食", "fever in children", "chronic kidney disease"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    passages = [{"_id": f"p{i}", "title": "", "text": text} for i, text in enumerate(TOPICS)]
    asked = [("q0", "amlodipine", "ko"), ("q1", "糖尿病", "zh"), ("q2", "fever", "en"), ("q3", "fever", "en")]
    queries = [{"_id": id_, "text": text, "metadata": {"language": lang}} for id_, text, lang in asked]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, passages)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (folder / "qrels").mkdir()
    (folder / "qrels/test.tsv").write_text("q0\tp0\t1\nq1\tp1\t1\nq2\tp3\t1\n")
    (folder / "qrels/train.tsv").write_text("q3\tp2\t1\n")
    return folder


@pytest.fixture(scope="module")
def index(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "index"
    made = Index.create(path, Analyzer())
    made.add(Passages().read(data / "corpus.jsonl", Rejects()))
    return path


def evaluated(out, index, data, **options):
    step = build("step", {"use": "evaluate", "target": index, "data": data, **options}, "evaluate")
    with writing(out, step.kind, options={}, version=step.version) as draft:
        step.run(draft)
    return open_artifact(out, "report").manifest["numbers"]


def test_an_index_is_measured_in_all_its_modes_and_anybody_can_score_its_runs_again(tmp_path, data, index):
    numbers = evaluated(tmp_path / "r", index, data, measures=["RR@10", "Success@1"])
    assert numbers["scores"] == {"lexical": {"RR@10": pytest.approx(2 / 3), "Success@1": pytest.approx(2 / 3)}}
    assert numbers["leaks"]["queries"]["exact_ids"] == [["q2", "q3"]]
    assert numbers["leaks"]["scores_without"]["lexical"]["RR@10"] == 1.0
    again = measure(read_qrels(tmp_path / "r/qrels.trec"), read_trec(tmp_path / "r/runs/lexical.trec"), ["RR@10"])
    assert mean(again) == {"RR@10": numbers["scores"]["lexical"]["RR@10"]}
    assert json.loads((tmp_path / "r/queries.json").read_text())["lexical"]["RR@10"] == {"q0": 1, "q1": 1, "q2": 0}
    slices = json.loads((tmp_path / "r/slices.json").read_text())
    assert [s["value"] for s in slices] == ["en", "ko", "zh", "3 characters", "5 characters", "10 characters"]
    assert numbers["slices"] == slices
    assert "By language" in (tmp_path / "r/report.html").read_text(encoding="utf-8")


def test_leaks_are_looked_for_in_what_the_model_was_trained_on(tmp_path, data):
    """Seen to fail when only the measured folder's own training split was known: a leak of another folder passed."""
    other = tmp_path / "other"
    (other / "qrels").mkdir(parents=True)
    (other / "queries.jsonl").write_text(json.dumps({"_id": "x1", "text": "Amlodipine"}))
    (other / "qrels/train.tsv").write_text("x1\tp0\t1\n")
    sources = [{"use": "pairs", "path": str(path), "split": "train"} for path in (other, tmp_path / "gone")]
    with writing(tmp_path / "model", "model", options={}) as draft:
        draft.facts[FACT] = [*sources, {"use": "terms", "path": str(tmp_path / "terms.tsv")}]
    found = train_queries(tmp_path / "model", data)
    assert (found.looked_in, found.not_found) == (["other, train"], ["gone"])
    judged = load_beir(data, "test")
    leaks = evaluate(judged, "test", lambda *_: {}, ["m"], ["RR@10"], found).to_json()["leaks"]
    assert leaks["queries"]["exact_ids"] == [["q0", "x1"]]
    assert leaks["not_found"] == ["gone"]
    for path in (None, other):  # a model that does not say
        assert [query.id for query in train_queries(path, data).queries] == ["q3"]


def test_queries_of_folders_that_share_names_are_all_known(tmp_path):
    """Seen to fail: the third folder's queries replaced the second's, and a renamed split ended the measurement."""
    sources = []
    for number in range(4):
        folder = tmp_path / str(number) / "derived"
        (folder / "qrels").mkdir(parents=True)
        (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": f"question {number}"}))
        (folder / "qrels" / ("train.tsv" if number < 3 else "renamed.tsv")).write_text("q\tp\t1\n")
        sources.append({"use": "pairs", "path": str(folder), "split": "train"})
    with writing(tmp_path / "model", "model", options={}) as draft:
        draft.facts[FACT] = sources
    found = train_queries(tmp_path / "model", tmp_path)
    assert [query.text for query in found.queries] == [f"question {number}" for number in range(3)]
    assert found.not_found == ["derived"]


def test_the_training_split_itself_has_no_leak_to_look_for(tmp_path, data, index):
    assert evaluated(tmp_path / "r", index, data, split="train")["leaks"]["queries"] is None


def test_a_mode_that_the_index_has_not_is_refused_and_nothing_is_left(tmp_path, data, index):
    with pytest.raises(MedencError, match="dense"):
        evaluated(tmp_path / "r", index, data, modes=["dense"])
    assert not (tmp_path / "r").exists()


def test_baselines_stand_beside_what_is_measured(tmp_path, data, index):
    numbers = evaluated(tmp_path / "r", index, data, measures=["RR@10"], baselines=True)
    assert set(numbers["scores"]) == {"lexical", "bm25-characters"}
    assert numbers["scores"]["bm25-characters"]["RR@10"] == pytest.approx(2 / 3)
    assert read_trec(tmp_path / "r/runs/bm25-characters.trec").keys() == {"q0", "q1", "q2"}
    assert [(test["a"], test["b"]) for test in numbers["tests"]] == [("lexical", "bm25-characters")]
    assert "bm25-characters" in (tmp_path / "r/report.html").read_text(encoding="utf-8")


def test_the_command_prints_scores_baselines_and_slices(tmp_path, data, index):
    done = CliRunner().invoke(app, ["evaluate", str(index), str(data), "--out", str(tmp_path / "r"), "--baselines"])
    assert done.exit_code == 0, done.output
    shown = [line.split() for line in done.stdout.splitlines() if line]
    assert {"lexical", "bm25-characters", "language,", "ko", "length,"} <= {line[0] for line in shown}
    assert next(line[1] for line in shown if line[0] == "ko") == "1"  # query
