"""What every task promises, checked for every plug-in of the kind."""

import json

import numpy as np
import pytest
from ideal import IDEAL
from material import CASES, TEXTS, Case

from medenc.core.errors import MedencError
from medenc.core.plugins import find, modules
from medenc.decoding.predicting import Answering
from medenc.text.tokenizer import train_wordpiece

TOKENIZER = train_wordpiece([str(case.rows) for own in CASES.values() for case in own] * 2, 700)
TOKENIZER.add_special_tokens(sorted({token for own in CASES.values() for c in own for token in c.task.added_tokens}))
ALL = [pytest.param(case, id=f"{task}: {case.name}") for task, own in CASES.items() for case in own]
MAX_TOKENS = 48


def prepared(case: Case):
    """The task, its labels and its taught features."""
    task = case.task
    labels = task.labels_of(case.rows)
    features, counts = task.features(case.rows, TOKENIZER, labels, MAX_TOKENS, learn=True)
    return task, labels, features, counts


def test_every_task_has_material():
    assert set(modules("task")) == set(CASES)


@pytest.mark.parametrize("case", ALL)
def test_perfect_predictions_score_one(case):
    task = case.task
    scores = task.score(case.rows, [task.gold(row) for row in case.rows], task.labels_of(case.rows))
    assert scores[task.main_measure] == pytest.approx(1)
    assert all(task.right(row, task.gold(row)) for row in case.rows)


@pytest.mark.parametrize("case", ALL)
def test_what_is_taught_comes_back(case):
    task, labels, features, counts = prepared(case)
    head = task.head_options(labels)
    found = [task.read(IDEAL[head["use"]](feature, head), feature, labels) for feature in features]
    predictions = task.decode(found, features, case.rows, labels)
    assert counts.get("lost", 0) == case.lost
    score = task.score(case.rows, predictions, labels)[task.main_measure]
    assert score == pytest.approx(1) if not case.lost else 0 < score < 1


@pytest.mark.parametrize("case", ALL)
def test_features_fit_and_are_true(case):
    task, labels, features, _ = prepared(case)
    assert [feature.row for feature in features] == sorted(feature.row for feature in features)
    unread = set(range(len(case.rows))) - {feature.row for feature in features}
    assert not any(task.gold(case.rows[row]) for row in unread)  # nothing to relate
    assert features
    for feature in features:
        assert len(feature.input_ids) == len(feature.type_ids) == len(feature.offsets) <= MAX_TOKENS
        assert feature.id == case.rows[feature.row].id
    learned, _ = task.features(case.rows, TOKENIZER, labels, MAX_TOKENS)
    assert [feature.input_ids.tolist() for feature in learned] == [feature.input_ids.tolist() for feature in features]
    assert not any(feature.gold for feature in learned)


@pytest.mark.parametrize("case", ALL)
def test_a_batch_has_one_row_a_feature(case):
    task, _, features, _ = prepared(case)
    batch = task.collate(features, 0)
    assert all(len(array) == len(features) for array in batch.values())
    assert {"input_ids", "attention_mask", "token_type_ids"} < batch.keys()
    assert batch["attention_mask"].sum(1).tolist() == [feature.tokens for feature in features]


class Model:
    """Outputs that are a function of a sequence's own tokens, as a model's are, with junk where a batch is padded."""

    def __init__(self, case: Case) -> None:
        from medenc.core.plugins import build

        task = case.task
        self.outputs = build("head", task.head_options(task.labels_of(case.rows)), "here").build(8).outputs
        self.batches = 0

    def __call__(self, batches):
        for batch in batches:
            self.batches += 1
            yield {name: self._numbers(name, axes, batch) for name, axes in self.outputs.items()}

    def _numbers(self, name, axes, batch):
        length = batch["input_ids"].shape[1]
        shape = [length if axis == "tokens" else axis for axis in axes[1:]]
        found = []
        for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
            own = ids[: mask.sum()]
            numbers = np.random.default_rng(self.batches).normal(size=shape)
            inner = tuple(slice(len(own)) if axis == "tokens" else slice(None) for axis in axes[1:])
            numbers[inner] = np.random.default_rng([len(name), *own.tolist()]).normal(
                size=[len(own) if axis == "tokens" else axis for axis in axes[1:]]
            )
            found.append(numbers)
        return np.array(found, dtype=np.float32)


def answers(case, rows, model):
    task = case.task
    answering = Answering(task, task.labels_of(case.rows), TOKENIZER, MAX_TOKENS, 0)
    return [task.to_json(prediction) for prediction in answering.predict(rows, model).predictions]


@pytest.mark.parametrize("case", ALL)
def test_a_prediction_does_not_depend_on_its_neighbours(case):
    if getattr(case.task, "by_group", False):
        pytest.skip("rows of a group are decided together")
    model = Model(case)
    together = answers(case, case.rows, model)
    assert answers(case, case.rows[::-1], model)[::-1] == together
    assert [answers(case, [row], model)[0] for row in case.rows] == together
    assert json.loads(json.dumps(together)) == together


@pytest.mark.parametrize("case", ALL)
def test_the_baseline_answers_every_row(case):
    task = case.task
    name, predictions = task.baseline(case.rows, case.rows)
    assert name
    task.score(case.rows, predictions, task.labels_of(case.rows))


@pytest.mark.parametrize("case", ALL)
def test_probes_are_inputs(case):
    task = case.task
    inputs = task.probes(TEXTS)
    rows = [task.row(str(place), value) for place, value in enumerate(json.loads(json.dumps(inputs)))]
    assert len(answers(case, rows, Model(case))) == len(rows) > 0


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("value", [{"nothing": "here"}, {}, 5, {"text": ""}, {"text": 3}])
def test_a_wrong_input_is_refused(case, value):
    with pytest.raises(MedencError, match="input 7"):
        case.task.row("7", value)


@pytest.mark.parametrize("case", ALL)
def test_another_kind_of_row_is_refused(case):
    with pytest.raises(MedencError, match="expected"):
        case.task.features([object()], TOKENIZER, ["a", "b"], MAX_TOKENS)
    with pytest.raises(MedencError, match="expected"):
        case.task.labels_of([object()])


@pytest.mark.parametrize("name", modules("task"))
def test_every_measure_is_among_the_scores(name):
    field = find("task", name).model_fields.get("measure")
    if field is None or not hasattr(field.annotation, "__args__"):
        return
    case = CASES[name][0]
    for measure in field.annotation.__args__:
        task = case.task.model_copy(update={"measure": measure})
        scores = task.score(case.rows, [task.gold(row) for row in case.rows], task.labels_of(case.rows))
        assert task.main_measure in scores
