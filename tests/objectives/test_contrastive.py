"""Which passages of a batch are negatives of which query."""

import numpy as np
import pytest
import torch

from medenc.core.errors import MedencError
from medenc.data.records import Name, Pair
from medenc.models.encoder import Contract, from_size, separate
from medenc.models.folder import open_tokenizer
from medenc.objectives.contrastive import Contrastive
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

TEXTS = ["고혈압 처방", "糖尿病 metformin", "asthma inhaler", "AF anticoagulant", "폐렴 항생제"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_wordpiece(TEXTS * 3, 150), folder)
    return open_tokenizer(folder)


def collated(pairs, tokenizer, seed=0, **options):
    objective = Contrastive(**options)
    rows, _ = objective.prepare(pairs, tokenizer, 16)
    return objective.collate(rows, tokenizer, np.random.default_rng(seed))


def excluded(pairs, tokenizer, **options):
    return collated(pairs, tokenizer, **options)["excluded"].astype(int).tolist()


def test_strangers_are_negatives(tokenizer):
    pairs = [Pair("q1", "one", "p1", TEXTS[0]), Pair("q2", "two", "p2", TEXTS[1])]
    assert excluded(pairs, tokenizer) == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    "second",
    [
        Pair("q2", "two", "p1", "another text"),  # the same passage
        Pair("q2", "two", "p2", TEXTS[0]),  # the same text
        Pair("q2", "two", "p2", TEXTS[1], concepts=frozenset({"C"})),  # the same concept
        Pair("q1", "two", "p2", TEXTS[1]),  # another passage of the same query
        Pair("q2", "one", "p2", TEXTS[1]),  # the same question under another id
    ],
)
def test_false_negatives_are_left_out(tokenizer, second):
    first = Pair("q1", "one", "p1", TEXTS[0], concepts=frozenset({"C"}))
    assert excluded([first, second], tokenizer) == [[1, 1], [1, 1]]


def test_a_judged_positive_is_no_negative_even_when_it_comes_from_another_query(tokenizer):
    first = Pair("q1", "one", "p1", TEXTS[0], positives=frozenset({"p1", "p2"}))
    assert excluded([first, Pair("q2", "two", "p2", TEXTS[1])], tokenizer) == [[1, 1], [0, 1]]


def test_given_negatives_stand_behind_the_rows_own_and_are_masked_alike(tokenizer):
    pairs = [
        Pair("q1", "one", "p1", TEXTS[0], negatives=(("p3", TEXTS[2]),)),
        Pair("q2", "two", "p2", TEXTS[1], negatives=(("p1", TEXTS[0]), ("p4", TEXTS[3]))),
    ]
    batch = collated(pairs, tokenizer, negatives=5)
    # p1, p2, then p3, then p1 and p4 in an order that is drawn
    assert batch["passage_input_ids"].shape[0] == 5
    assert sorted(batch["excluded"].astype(int).sum(0).tolist()) == [0, 0, 1, 1, 1]
    assert batch["excluded"][:, :2].astype(int).tolist() == [[1, 0], [0, 1]]
    assert batch["targets"].tolist() == [0, 1]


def test_a_given_negative_with_a_concept_of_the_pair_is_none(tokenizer):
    """Seen to fail when only passages that answer something had concepts."""
    concept, about = frozenset({"C"}), {"p3": frozenset({"C"})}
    first = Pair("q1", "one", "p1", TEXTS[0], (("p3", TEXTS[2]),), concept, about=about)
    second = Pair("q2", "two", "p2", TEXTS[1], (("p4", TEXTS[3]),), about=about)
    assert excluded([first, second], tokenizer, negatives=1) == [[1, 0, 1, 0], [0, 1, 0, 0]]


def test_negatives_are_drawn_anew_by_the_generator_alone(tokenizer):
    many = tuple((f"n{n}", f"{TEXTS[n % 5]} {n}") for n in range(20))
    pair = Pair("q1", "one", "p1", TEXTS[0], negatives=many)
    drawn = [collated([pair], tokenizer, seed, negatives=3)["passage_input_ids"].tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(collated([pair], tokenizer, negatives=0)["passage_input_ids"]) == 1


@pytest.mark.parametrize("similarity", ["cosine", "dot", "l2"])
@pytest.mark.parametrize("towers", [False, True])
def test_the_loss_uses_the_models_own_similarity_and_towers(tokenizer, similarity, towers):
    torch.manual_seed(0)
    contract = Contract(similarity=similarity, normalize=False, max_tokens=16)
    model = from_size("tiny", len(tokenizer), contract)
    model = (separate(model) if towers else model).eval()
    pairs = [Pair(f"q{n}", text, f"p{n}", f"{text} x") for n, text in enumerate(TEXTS)]
    batch = {name: torch.from_numpy(value) for name, value in collated(pairs, tokenizer).items()}
    if towers:
        with torch.no_grad():
            model.passage.backbone.embeddings.word_embeddings.weight.mul_(-1)
    with torch.inference_mode():
        q = model.query(batch["query_input_ids"], batch["query_attention_mask"]).double()
        p = model.passage(batch["passage_input_ids"], batch["passage_attention_mask"]).double()
        norm = torch.nn.functional.normalize
        scores = {"cosine": norm(q) @ norm(p).T, "dot": q @ p.T, "l2": -(torch.cdist(q, p) ** 2)}[similarity]
        expected = torch.nn.functional.cross_entropy(scores / 0.1, torch.arange(5))
        reverse = torch.nn.functional.cross_entropy(scores.T / 0.1, torch.arange(5))
        found = Contrastive(temperature=0.1, symmetric=True).losses(model, None, batch)
    assert found["contrastive"].item() == pytest.approx(expected.item(), abs=2e-3)
    assert found["reverse"].item() == pytest.approx(reverse.item(), abs=2e-3)


def test_what_was_cut_is_counted(tokenizer):
    pairs = [Pair("q", "one", "p", " ".join(TEXTS))]
    rows, counts = Contrastive(max_tokens=8).prepare(pairs, tokenizer, 16)
    assert counts == {"pairs": 1, "without_negatives": 1, "passages": 1, "truncated": 1}
    assert len(rows[0].passage.ids) == 8


def test_other_records_are_refused(tokenizer):
    with pytest.raises(MedencError, match="expected pairs of query and passage, found a Name"):
        Contrastive().prepare([Name("C1", "x")], tokenizer, 16)


def gradients(model, objective, batch):
    model.zero_grad()
    found = objective.losses(model, None, {name: torch.from_numpy(array) for name, array in batch.items()})
    torch.stack(list(found.values())).sum().backward()
    return {name: loss.item() for name, loss in found.items()}, [p.grad.clone() for p in model.parameters()]


@pytest.mark.parametrize("chunk_rows", [1, 2, 3])
def test_a_chunked_batch_has_the_loss_and_the_gradients_of_the_full_one(tokenizer, chunk_rows):
    """Seen to fail with each chunk's vectors detached from its neighbours'."""
    torch.manual_seed(0)
    model = separate(from_size("tiny", len(tokenizer), Contract(pooling="mean", max_tokens=16)))
    pairs = [Pair(f"q{n}", f"{TEXTS[n]} {n}", f"p{n}", TEXTS[n], negatives=((f"n{n}", "none"),)) for n in range(5)]
    batch = collated(pairs, tokenizer)
    full, expected = gradients(model, Contrastive(symmetric=True), batch)
    chunked, found = gradients(model, Contrastive(symmetric=True, chunk_rows=chunk_rows), batch)
    assert chunked == pytest.approx(full, rel=1e-5)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_leading_parts_of_the_vectors_learn_too(tokenizer):
    model = from_size("tiny", len(tokenizer), Contract(max_tokens=16))
    batch = collated([Pair(f"q{n}", f"{n}", f"p{n}", TEXTS[n]) for n in range(3)], tokenizer)
    whole, _ = gradients(model, Contrastive(), batch)
    nested, _ = gradients(model, Contrastive(dimensions=(16, 64)), batch)
    assert nested.keys() == {"contrastive", "contrastive_16", "contrastive_64"}
    assert nested["contrastive"] == pytest.approx(whole["contrastive"] / 3)
    with pytest.raises(MedencError, match="200 is no leading part of vectors of 128 numbers"):
        Contrastive(dimensions=(200,)).heads(model)


def test_development_scores_are_those_of_a_plain_loop(tokenizer):
    torch.manual_seed(3)
    model = from_size("tiny", len(tokenizer), Contract(max_tokens=16)).eval()
    pairs = [Pair(f"q{n}", TEXTS[-n], f"p{n}", text) for n, text in enumerate(TEXTS)]
    pairs.append(Pair("q0", TEXTS[0], "more", "asthma", (("wrong", "폐렴 inhaler"),)))  # answers q0 too
    measured = Contrastive().measure(pairs, tokenizer, model, None)()

    def vector(text):
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        return model(ids, torch.ones_like(ids))[0].detach()

    passages = {pair.passage_id: vector(pair.passage) for pair in pairs} | {"wrong": vector("폐렴 inhaler")}
    ranks = []
    for pair in pairs:
        friends = {"p0", "more"} if pair.query_id == "q0" else {pair.passage_id}
        scores = {id_: float(vector(pair.query) @ passage) for id_, passage in passages.items()}
        ranks.append(1 + sum(scores[id_] >= scores[pair.passage_id] for id_ in scores if id_ not in friends))
    assert measured == pytest.approx(
        {"RR@10": np.mean([1 / rank for rank in ranks]), "Success@1": np.mean([rank == 1 for rank in ranks])}
    )
    assert 0 < measured["RR@10"] < 1


def test_an_encoder_that_says_the_same_of_all_texts_is_the_worst(tokenizer):
    model = from_size("tiny", len(tokenizer), Contract(max_tokens=16)).eval()
    torch.nn.init.zeros_(model.backbone.encoder.layer[-1].output.LayerNorm.weight)
    torch.nn.init.ones_(model.backbone.encoder.layer[-1].output.LayerNorm.bias)
    pairs = [Pair(f"q{n}", text, f"p{n}", text) for n, text in enumerate(TEXTS)]
    assert Contrastive().measure(pairs, tokenizer, model, None)() == pytest.approx({"RR@10": 1 / 5, "Success@1": 0})
