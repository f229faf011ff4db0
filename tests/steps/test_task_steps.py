"""Training, measuring and using a task's model by steps, from files."""

import json
from importlib.resources import files as files_of
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from medenc import terminal
from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.recipe import load
from medenc.runtime.predictor import Predictor
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

SAMPLE = Path(str(files_of("medenc").joinpath("sample")))
TREATMENT = [
    "metformin은 어떻게 먹나요",
    "고혈압 약은 언제 먹나요",
    "吃什么药",
    "how is asthma treated",
    "which drug for fever",
]
SYMPTOM = ["가슴이 아파요", "머리가 아프고 열이 나요", "头疼怎么回事", "my chest hurts", "why do I cough at night"]


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    rows = [{"id": f"t{i}", "text": text, "label": "treatment"} for i, text in enumerate(TREATMENT)]
    rows += [{"id": f"s{i}", "text": text, "label": "symptom"} for i, text in enumerate(SYMPTOM)]
    write_lines(folder / "train.jsonl", rows)
    write_lines(folder / "test.jsonl", [{"id": row["id"], "text": row["text"]} for row in rows])
    save_tokenizer(train_wordpiece([*TREATMENT, *SYMPTOM] * 3, 300), folder / "tokenizer")
    tags = "Aspirin\tB_drug\neased\tO\nher\tO\nmild\tB_疾病\nfever\tI_疾病\n\nNo\tO\nfever\tB_疾病\n"
    (folder / "entities.conll").write_text(tags, encoding="utf-8")
    return folder


def recipe(files, out, task, data, *more):
    text = f'''
name = "task"
[source.data]
path = "{files}"
[step.model]
use = "train"
start = {{size = "tiny"}}
tokenizer = "@data/tokenizer"
encoder = {{max_tokens = 32}}
objective = {{use = "supervised", task = {task}}}
data = [{data}]
dev = [{data}]
fit = {{learning_rate = 2e-3, max_steps = 25, per_device_batch_size = 5, threads = 1, layer_decay = 0.9}}
{"".join(more)}
'''
    path = out / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, out / "runs")


LABELLED = '{use = "labelled", path = "@data/train.jsonl"}'
CONLL = '{use = "conll", path = "@data/entities.conll"}'


def test_a_classifier_is_trained_measured_and_used(files, tmp_path):
    measured = f"""
[step.measured]
use = "evaluate_task"
model = "@model"
data = [{LABELLED}]
train = [{LABELLED}]
rounds = 50
"""
    asked = """
[step.asked]
use = "predict"
model = "@model"
cblue = "KUAKE-QIC"
data = [{use = "labelled", path = "@data/qic.json"}]
"""
    rows = [{"id": f"q{i}", "query": text, "label": ""} for i, text in enumerate(TREATMENT)]
    (files / "qic.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    found = {r.id: r for r in recipe(files, tmp_path, '{use = "classification"}', LABELLED, measured, asked).run()}
    manifest = open_artifact(found["model"].out).manifest
    assert manifest["task"] == {"use": "classification", "labels": ["symptom", "treatment"]}
    assert manifest["heads"] == "supervised classification: symptom, treatment"
    assert manifest["numbers"]["fit"]["dev"]["accuracy"] == 1
    scores = found["measured"].numbers["scores"]
    assert scores["model"]["accuracy"] == 1 > scores["baseline"]["accuracy"]
    assert found["measured"].numbers["leaks"]["exact"] == len(TREATMENT + SYMPTOM)
    submission = json.loads((found["asked"].out / "KUAKE-QIC_test.json").read_text(encoding="utf-8"))
    assert [row["id"] for row in submission] == [row["id"] for row in rows]
    assert {row["label"] for row in submission} <= {"symptom", "treatment"}


def test_entities_with_odd_labels_are_learned(files, tmp_path):
    found = recipe(files, tmp_path, '{use = "tagging"}', CONLL).run()[0]
    predictor = Predictor.open(found.out)
    assert predictor.labels == ["drug", "疾病"]
    (entities,) = predictor.predict(["Aspirin eased her mild fever"])
    assert [(e.text, e.label) for e in entities] == [("Aspirin", "drug"), ("mild fever", "疾病")]


def test_an_exported_copy_answers_the_task(files, tmp_path):
    export = '[step.exported]\nuse = "export"\nmodel = "@model"\nbackend = "onnx"\n'
    made = recipe(files, tmp_path, '{use = "classification"}', LABELLED, export).run()
    first, copy = (
        Predictor.open(result.out, backend) for result, backend in zip(made, ("openvino", "onnx"), strict=True)
    )
    assert [one.label for one in copy.predict(TREATMENT)] == [one.label for one in first.predict(TREATMENT)]
    assert copy.facts == first.facts
    assert made[1].numbers["equal_decisions"] == 1


def test_the_head_goes_on_only_with_the_same_question(files, tmp_path):
    first = recipe(files, tmp_path, '{use = "classification"}', LABELLED).run()[0].out
    more = {"use": "train", "start": str(first), "data": [{"use": "labelled", "path": str(files / "train.jsonl")}]}
    more |= {"fit": {"max_steps": 1, "threads": 1}, "backend": "none"}

    def goes_on(name, task):
        with writing(tmp_path / name, "model", options={}) as draft:
            build("step", {**more, "objective": {"use": "supervised", "task": task}}, "x").run(draft)
        return draft.numbers["heads"]

    assert goes_on("same", {"use": "classification"}) == "loaded"
    renamed = [json.loads(line) for line in (files / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    write_lines(files / "other.jsonl", [row | {"label": row["label"].upper()} for row in renamed])
    more["data"] = [{"use": "labelled", "path": str(files / "other.jsonl")}]
    assert goes_on("other", {"use": "classification"}) == "fresh"


def test_a_head_learns_on_an_encoder_that_stays(files, tmp_path):
    first = recipe(files, tmp_path, '{use = "classification"}', LABELLED).run()[0].out
    data = [{"use": "labelled", "path": str(files / "train.jsonl")}]
    values = {"use": "train", "start": str(first), "data": data, "backend": "none"}
    values |= {"objective": {"use": "supervised", "task": {"use": "classification"}}}
    values |= {"fit": {"max_steps": 3, "learning_rate": 0.1, "threads": 1, "frozen": True}}
    with writing(tmp_path / "frozen", "model", options={}) as draft:
        build("step", values, "x").run(draft)
    before, after = (load_file(folder / "model.safetensors") for folder in (first, tmp_path / "frozen"))
    assert all((before[name] == after[name]).all() for name in before)
    values["objective"] = {"use": "supervised", "task": {"use": "classification", "tokens": ["@DRUG$"]}}
    with (
        pytest.raises(MedencError, match="which a frozen encoder does not learn"),
        writing(tmp_path / "marked", "model", options={}) as draft,
    ):
        build("step", values, "x").run(draft)
    before, after = (load_file(folder / "heads.safetensors") for folder in (first, tmp_path / "frozen"))
    assert not any((before[name] == after[name]).all() for name in before)


def test_seeds_are_averaged(files, tmp_path):
    train = {
        "start": {"size": "tiny"},
        "tokenizer": str(files / "tokenizer"),
        "encoder": {"max_tokens": 32},
        "objective": {"use": "supervised", "task": {"use": "classification"}},
        "data": [{"use": "labelled", "path": str(files / "train.jsonl")}],
        "fit": {"learning_rate": 2e-3, "max_steps": 3, "threads": 1},
        "backend": "none",
    }
    step = build("step", {"use": "seeds", "seeds": [0, 5], "train": train, "data": train["data"]}, "x")
    with writing(tmp_path / "seeds", step.kind, options={}) as draft:
        step.run(draft)
    numbers = open_artifact(tmp_path / "seeds").manifest["numbers"]
    assert "model - " in terminal.scores(
        numbers
    )  # seen to fail: `medenc run` ended with a traceback after its last step
    runs = [numbers["seeds"][seed]["accuracy"] for seed in ("0", "5")]
    mean = numbers["scores"]["model"]["accuracy"]
    assert mean == pytest.approx(sum(runs) / 2)
    low, high = numbers["intervals"]["model"]["accuracy"]
    assert low <= mean <= high
    low, high = numbers["items"]["model"]["accuracy"]
    assert low < mean < high
    assert numbers["tests"][0]["measure"] == "accuracy"
    assert numbers["scores"]["baseline"]["accuracy"] == 0.5
    assert Predictor.open(tmp_path / "seeds/seed-5").labels == ["symptom", "treatment"]
    assert "| mean |" in (tmp_path / "seeds/table.md").read_text()
    assert not (tmp_path / "seeds.seeds").exists()
    with pytest.raises(MedencError, match="by `seeds`"):
        build("step", {"use": "seeds", "train": {**train, "fit": {"seed": 3}}, "data": train["data"]}, "x")


def test_folds_answer_every_row_by_a_model_that_has_not_seen_it(files, tmp_path):
    """Seen to fail with the answers of the rows that a model learned from."""
    data = [{"use": "labelled", "path": str(files / "train.jsonl")}]
    train = {
        "start": {"size": "tiny"},
        "tokenizer": str(files / "tokenizer"),
        "objective": {"use": "supervised", "task": {"use": "classification"}},
        "fit": {"max_steps": 2, "threads": 1},
        "backend": "none",
    }
    values = {"use": "seeds", "seeds": [1], "train": train, "data": data, "folds": {"n": 3}, "rounds": 20}
    step = build("step", values, "x")
    with writing(tmp_path / "folds", step.kind, options={}) as draft:
        step.run(draft)
    out, numbers = open_artifact(tmp_path / "folds"), draft.numbers
    answered = [json.loads(line) for line in (tmp_path / "folds/seed-1.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["id"] for row in answered) == sorted([f"s{i}" for i in range(5)] + [f"t{i}" for i in range(5)])
    assert numbers["n_queries"] == 10
    seen = []
    for fold in range(3):
        facts = open_artifact(tmp_path / f"folds/seed-1-fold-{fold}").manifest
        (part,) = facts["trained_on"]
        seen.append(10 - facts["numbers"]["data"]["rows"])
        assert part["transforms"] == [{"use": "fold", "side": "train", "number": fold, "folds": 3, "by": "id"}]
    assert sorted(seen) == [3, 3, 4]
    # Each part's trivial way knows the other parts alone: where these have fewer of a class, it says the other.
    assert numbers["scores"]["baseline"]["accuracy"] < 0.5
    assert numbers["reading"]["truncated"] == 0
    assert not [path for path in (tmp_path / "folds").rglob("*") if path.suffix in (".lock", ".curves")]
    assert out.manifest["numbers"]["tests"][0]["measure"] == "accuracy"
    (tmp_path / "grouped.tsv").write_text("".join(f"HbA1c {i}\t{'ab'[i % 2]}\tg\n" for i in range(9)))
    grouped = {"use": "tsv", "path": str(tmp_path / "grouped.tsv"), "columns": ["text", "label", "group"]}
    apart = build("step", {**values, "data": [grouped]}, "x")
    with (
        pytest.raises(MedencError, match="1 groups of rows are both learned from and held out, one of them 'g'"),
        writing(tmp_path / "apart", step.kind, options={}) as draft,
    ):
        apart.run(draft)
    shrunk = step.smoke()
    assert shrunk.folds.n == 2
    with pytest.raises(MedencError, match=r"train\.data"):
        build("step", {**values, "folds": None}, "x")


def test_a_label_that_training_never_saw_is_a_mistake_not_a_crash(files, tmp_path):
    rows = [{"id": "n", "text": "new", "label": "never seen"}, {"id": "s", "text": SYMPTOM[0], "label": "symptom"}]
    write_lines(tmp_path / "new.jsonl", rows)
    source = '{use = "labelled", path = "' + str(tmp_path / "new.jsonl") + '"}'
    step = f'[step.measured]\nuse = "evaluate_task"\nmodel = "@model"\ndata = [{source}]\nrounds = 20\n'
    numbers = recipe(files, tmp_path, '{use = "classification"}', LABELLED, step).run()[1].numbers
    assert numbers["scores"]["model"]["accuracy"] == 0.5
    assert numbers["tests"] == []
    given = '{use = "classification"}, labels = ["symptom", "drug"]'
    with pytest.raises(MedencError, match="'treatment' is not among the 2 labels"):
        recipe(files, tmp_path, given, LABELLED).run(force=True)


@pytest.mark.slow
def test_a_submission_to_bioasq_is_written_and_scored(files, tmp_path):
    yes_no = '{use = "bioasq_yes_no", path = "@bioasq/dev.json"}'
    more = f"""
[source.bioasq]
path = "package:sample/bioasq"
[step.answers]
use = "predict"
model = "@model"
bioasq = true
data = [{yes_no}]
[step.scored]
use = "evaluate_bioasq"
golden = ["@bioasq/dev.json"]
answers = ["@answers/bioasq.json"]
skip_missing = true
"""
    task = '{use = "classification", pair = true, by_group = true}'
    results = {result.id: result for result in recipe(files, tmp_path, task, yes_no, more).run()}
    handed_in = json.loads((results["answers"].out / "bioasq.json").read_text(encoding="utf-8"))["questions"]
    assert {row["type"] for row in handed_in} == {"yesno"}
    scores = results["scored"].numbers["scores"]["model"]
    golden = {
        row["id"]: row for row in json.loads((SAMPLE / "bioasq/dev.json").read_text(encoding="utf-8"))["questions"]
    }
    right = [row["exact_answer"] == golden[row["id"]]["exact_answer"] for row in handed_in]
    assert scores["yes_no_accuracy"] == sum(right) / len(right)
    assert scores["mrr"] == 0
