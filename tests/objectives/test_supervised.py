"""A task as an objective: weighted means, parts of a batch, markers, and dev scores."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from medenc.core.errors import MedencError
from medenc.data.examples import Annotated, Entity, Labelled, Triple
from medenc.models import parallel
from medenc.models.encoder import Contract, from_size, separate
from medenc.models.folder import open_tokenizer, read_heads, write_heads
from medenc.objectives.supervised import Supervised
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

ROWS = [Labelled(str(i), f"fever {'and cough ' * i}", "abc"[min(i, 2)]) for i in range(7)]
TAGGED = [Annotated(str(i), "fever and cough " * (i + 1), (Entity(0, 5, "D"), Entity(10, 15, "S"))) for i in range(5)]
SETS = [Labelled(str(i), "fever", ("a", "b", "c")[: i % 4]) for i in range(6)]
RELATED = [
    Annotated("r", "fever and cough", TAGGED[0].entities, (Triple("fever", "with", "cough", (0, 5), (10, 15)),)),
]


@pytest.fixture
def tokenizer(tmp_path):
    save_tokenizer(train_wordpiece(["fever and cough"] * 9, 60), tmp_path)
    return open_tokenizer(tmp_path)


def ready(tokenizer, rows, max_tokens=32, labels=None, **task):
    """An objective with its model, heads, rows and one whole batch."""
    objective = Supervised(task=task, labels=labels)
    prepared, _ = objective.prepare(rows, tokenizer, max_tokens)
    torch.manual_seed(0)
    model = from_size("tiny", 80, Contract(max_tokens=max_tokens, normalize=False))
    heads = objective.heads(model)
    heads.eval()
    batch = objective.collate(prepared, tokenizer, np.random.default_rng(0))
    return objective, model, heads, prepared, {name: torch.from_numpy(array) for name, array in batch.items()}


def total(objective, model, heads, batch):
    return sum(objective.losses(model, heads, batch).values())


def test_weights_leave_no_loss_without_a_value(tokenizer):
    """Seen to fail with a weight of 0: a batch of that class alone had 0 / 0 as its loss."""
    balanced = {"use": "classification", "class_weights": "balanced"}
    objective, model, heads, _, batch = ready(tokenizer, ROWS, labels=("a", "b", "c", "never"), **balanced)
    assert torch.isfinite(objective.losses(model, heads, batch)["class"])
    with pytest.raises(MedencError, match=r"task\.class_weights: .*a class weighs more than 0"):
        ready(tokenizer, ROWS, use="classification", class_weights={"a": 0.0})


def test_class_weights_are_those_of_a_weighted_mean(tokenizer):
    objective, model, heads, _, batch = ready(tokenizer, ROWS, use="classification", class_weights="balanced")
    weights = torch.tensor([7 / 3, 7 / 3, 7 / 15])
    assert batch["weight"].tolist() == pytest.approx(weights[batch["label"]].tolist())
    hidden = model.backbone(batch["input_ids"], batch["attention_mask"]).last_hidden_state[:, 0]
    logits = heads.out(hidden)
    expected = functional.cross_entropy(logits, batch["label"], weight=weights)
    assert total(objective, model, heads, batch).item() == pytest.approx(expected.item(), rel=1e-5)


def test_given_weights_and_unknown_classes(tokenizer):
    *_, batch = ready(tokenizer, ROWS, use="classification", class_weights={"a": 3.0})
    assert batch["weight"].tolist() == [3, 1, 1, 1, 1, 1, 1]
    with pytest.raises(MedencError, match="no such class: 'z'"):
        ready(tokenizer, ROWS, use="classification", class_weights={"z": 3.0})


@pytest.mark.parametrize(
    ("rows", "task"),
    [
        (ROWS, {"use": "classification", "class_weights": "balanced"}),
        (TAGGED, {"use": "tagging"}),
        (SETS, {"use": "multi_label"}),
    ],
)
def test_the_parts_of_three_processes_add_up(tokenizer, rows, task, monkeypatch):
    objective, model, heads, _, batch = ready(tokenizer, rows, **task)
    whole = total(objective, model, heads, batch).item()
    parts = 0.0
    for rank in range(3):
        monkeypatch.setattr(parallel, "share", lambda n, rank=rank: slice(n * rank // 3, n * (rank + 1) // 3))
        parts += total(objective, model, heads, batch).item()
    assert parts == pytest.approx(whole, rel=1e-5)


def test_padding_changes_no_loss(tokenizer):
    objective, model, heads, prepared, batch = ready(tokenizer, TAGGED, use="tagging")
    alone = []
    for row in prepared:
        one = objective.collate([row], tokenizer, np.random.default_rng(0))
        one = {name: torch.from_numpy(array) for name, array in one.items()}
        alone.append((total(objective, model, heads, one).item(), (one["tags_0"] >= 0).sum().item()))
    expected = sum(loss * n for loss, n in alone) / sum(n for _, n in alone)
    assert total(objective, model, heads, batch).item() == pytest.approx(expected, rel=1e-5)


def test_markers_become_tokens_with_vectors(tokenizer):
    before = len(tokenizer)
    objective = Supervised(task={"use": "relation"})
    (first, second), _ = objective.prepare(RELATED, tokenizer, 32)
    model = from_size("tiny", before, Contract(max_tokens=32))
    objective.heads(model)
    assert len(tokenizer) == before + 4 == model.backbone.get_input_embeddings().num_embeddings
    assert sorted(set(first.features[0].input_ids.tolist()) - set(range(before))) == list(range(before, before + 4))
    assert [first.features[0].gold["label"], second.features[0].gold["label"]] == [1, 0]
    again = Supervised(task={"use": "relation"})
    again.prepare(RELATED, tokenizer, 32)
    assert len(tokenizer) == before + 4


def test_hidden_words_are_drawn_and_special_tokens_are_not(tokenizer):
    """The same draws give the same batch; nothing is hidden by default."""
    objective = Supervised(task={"use": "relation"}, word_dropout=0.5)
    rows, _ = objective.prepare(RELATED, tokenizer, 32)
    plain, *drawn = (
        Supervised.collate(own, rows, tokenizer, np.random.default_rng(seed))["input_ids"]
        for own, seed in (
            (objective.model_copy(update={"word_dropout": 0.0}), 1),
            (objective, 1),
            (objective, 1),
            (objective, 2),
        )
    )
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()
    hidden = drawn[0] != plain
    assert (drawn[0][hidden] == tokenizer.unk_token_id).all()
    kept = np.isin(plain, [*tokenizer.all_special_ids, *objective._added])
    assert not hidden[kept].any()
    assert 0 < hidden.sum() < (~kept).sum()


def test_new_segments_read_as_the_old_ones_until_they_are_trained(tokenizer):
    """Seen to fail with fresh vectors for them."""
    marked, model, heads, _, batch = ready(tokenizer, TAGGED, use="tagging", mark_names=True)
    plain, other, others, _, same = ready(tokenizer, TAGGED, use="tagging")
    assert model.backbone.config.type_vocab_size == 6
    assert other.backbone.config.type_vocab_size == 2
    assert (batch["token_type_ids"] > 1).any()
    assert not same["token_type_ids"].any()
    others.load_state_dict(heads.state_dict())
    assert total(marked, model, heads, batch).item() == pytest.approx(
        total(plain, other, others, same).item(), abs=1e-6
    )


def test_names_in_a_recipe_are_refused():
    """Seen to fail: they were overwritten, and stood in the manifest."""
    with pytest.raises(ValueError, match="names is filled by training"):
        Supervised(task={"use": "tagging", "mark_names": True, "names": {"aspirin": "drug"}})


def test_how_many_names_were_learned_is_counted(tokenizer):
    _, counts = Supervised(task={"use": "tagging", "mark_names": True}).prepare(TAGGED, tokenizer, 32)
    assert counts["names"] == 2


def test_heads_are_kept_and_known_by_their_question(tokenizer, tmp_path):
    objective, _, heads, _, _ = ready(tokenizer, ROWS, use="classification")
    write_heads(heads, tmp_path)
    other, _, fresh, _, _ = ready(tokenizer, ROWS, use="classification", head={"dense": "tanh"})
    assert not read_heads(fresh, tmp_path)
    assert objective.heads_name == other.heads_name == "supervised classification: a, b, c"


def test_dev_scores_have_the_main_one_first(tokenizer):
    objective, model, heads, _, _ = ready(tokenizer, ROWS, use="classification", measure="macro_f1")
    scores = objective.measure(ROWS, tokenizer, model, heads)()
    assert next(iter(scores)) == "macro_f1"
    assert set(scores) >= {"accuracy", "micro_f1"}


def test_two_towers_answer_no_task(tokenizer):
    objective, model, *_ = ready(tokenizer, ROWS, use="classification")
    with pytest.raises(MedencError, match="one encoder"):
        objective.heads(separate(model))


@pytest.mark.parametrize(
    ("task", "rows", "said"),
    [
        ({"use": "classification"}, [Labelled("7", "x")], "7: a row without a label"),
        ({"use": "classification"}, [Labelled("7", "x", ("a",))], "set of classes (use the task multi_label)"),
        ({"use": "classification"}, [Labelled("7", "x", 0.5)], "whose label is a number (use the task regression)"),
        ({"use": "classification"}, ROWS[:1], "have 1 class, expected two or more"),
        ({"use": "classification", "pair": True}, ROWS, "0: found one text, expected two"),
        ({"use": "classification"}, [*ROWS, Labelled("7", "x", "a", pair="y")], "7: found two texts, expected one"),
        ({"use": "multi_label"}, [Labelled("7", "x", ())], "no training row has a class"),
        ({"use": "multi_label"}, ROWS, "0: a row whose label is no set of classes"),
        ({"use": "regression"}, [Labelled("7", "x", "a", pair="y")], "7: a row whose label is not a number"),
        ({"use": "tagging"}, ROWS, "expected Annotated rows, found Labelled"),
        ({"use": "relation"}, TAGGED, "no training row has a relation"),
    ],
)
def test_wrong_rows_are_named(tokenizer, task, rows, said):
    with pytest.raises(MedencError) as error:
        Supervised(task=task).prepare(rows, tokenizer, 32)
    assert said in str(error.value)
    assert "fever" not in str(error.value)


@pytest.mark.parametrize("task", [{"use": "tagging", "unit": "letter"}, {"use": "taging"}, {}])
def test_mistakes_in_the_options_are_found_at_once(task):
    with pytest.raises(MedencError, match="task"):
        Supervised.parse({"task": task}, "objective")
