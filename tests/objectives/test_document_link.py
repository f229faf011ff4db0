"""LinkBERT: pairs of segments, their relation, and what is learned from them."""

import math

import numpy as np
import pytest
import torch
from corpus import TEXTS, encoder, random, tensors
from torch.nn.functional import cross_entropy

from medenc.core.errors import MedencError
from medenc.data.linked_rows import LinkedRows
from medenc.data.links import Sampling
from medenc.data.masking import IGNORED
from medenc.data.shards import Shards
from medenc.objectives.document_link import DocumentLink
from medenc.objectives.masked_lm import MaskedLM


@pytest.fixture(scope="module")
def rows(tokenizer, shards):
    return DocumentLink().prepare(list(Shards.open(shards)), tokenizer, 48)[0]


@pytest.fixture
def batch(tokenizer, rows):
    return tensors(DocumentLink().collate(rows[:8], tokenizer, random()))


def test_a_pair_is_two_segments_of_related_documents(tokenizer, shards, rows):
    assert isinstance(rows, LinkedRows)
    assert rows.links.max_tokens == 48
    arrays = DocumentLink().collate(rows, tokenizer, random())
    assert arrays["input_ids"].shape[1] <= 48
    ids = np.where(arrays["labels"] == IGNORED, arrays["input_ids"], arrays["labels"])
    assert ((ids == tokenizer.sep_token_id).sum(1) == 2).all()
    assert (ids[:, 0] == tokenizer.cls_token_id).all()
    for place, row in enumerate(rows):
        a, b, relation = row.draw(5, 0)
        kept = arrays["attention_mask"][place] == 1
        types = arrays["token_type_ids"][place][kept]
        expected = [tokenizer.cls_token_id, *a.ids, tokenizer.sep_token_id, *b.ids, tokenizer.sep_token_id]
        assert ids[place][kept].tolist() == expected
        assert types.tolist() == [0] * (len(a) + 2) + [1] * (len(b) + 1)
        assert arrays["relations"][place] == relation


def test_every_epoch_draws_other_pairs(tokenizer, rows):
    one, again, later = (DocumentLink().collate(rows, tokenizer, random(epoch=epoch)) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(one["input_ids"], again["input_ids"])
    assert (one["relations"] != later["relations"]).any()


def test_the_shares_are_counted(tokenizer, shards):
    found = Shards.open(shards)
    _, counts = DocumentLink().prepare(list(found), tokenizer, 48)
    assert set(counts["shares"]) == {"contiguous", "random", "linked"}
    assert sum(counts["shares"].values()) == pytest.approx(1, abs=0.001)
    _, counts = DocumentLink(sampling=Sampling(weights=(0, 0, 1))).prepare(list(found), tokenizer, 48)
    assert counts["shares"]["linked"] == 1


def test_the_losses_are_two_means(tokenizer, batch):
    model = encoder(tokenizer)
    heads = DocumentLink().heads(model)
    found = DocumentLink().losses(model, heads, batch)
    output = model.backbone(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
    relation = cross_entropy(heads["relation"](output), batch["relations"])
    torch.testing.assert_close(found["relation"], relation)
    torch.testing.assert_close(DocumentLink(relation_weight=3).losses(model, heads, batch)["relation"], 3 * relation)
    chosen = batch["labels"] != IGNORED
    logits = heads["vocabulary"](output.last_hidden_state[chosen], model.backbone.get_input_embeddings().weight)
    torch.testing.assert_close(found["masked"], cross_entropy(logits, batch["labels"][chosen]))
    assert found["masked"].item() == pytest.approx(math.log(len(tokenizer)), abs=0.2)
    assert found["relation"].item() == pytest.approx(math.log(3), abs=0.2)


def test_a_pooler_of_the_encoder_s_own_is_used_and_trained(tokenizer, batch):
    model = encoder(tokenizer, pooling="pooler")
    heads = DocumentLink().heads(model)
    assert heads["relation"].dense is None
    DocumentLink().losses(model, heads, batch)["relation"].backward()
    assert model.backbone.pooler.dense.weight.grad.abs().sum() > 0


def test_it_measures_each_relation(tokenizer, shards):
    model = encoder(tokenizer).eval()
    heads = DocumentLink().heads(model).eval()
    with torch.no_grad():
        heads["relation"].out.bias[:] = torch.tensor([0.0, 0, 100])  # always "linked"
    found = Shards.open(shards)
    scores = DocumentLink().measure(list(found), tokenizer, model, heads)()
    assert next(iter(scores)) == "relation_accuracy"
    recall = [scores[f"{name}_recall"] for name in ("contiguous", "random", "linked")]
    assert recall == [0, 0, 1]
    _, counts = DocumentLink().prepare(list(found), tokenizer, 64)
    assert scores["relation_accuracy"] == pytest.approx(counts["shares"]["linked"], abs=1e-4)


def test_what_has_no_links_is_refused(tokenizer, shards):
    with pytest.raises(MedencError, match="expected shards of a corpus with links, found a Passage"):
        DocumentLink().prepare(TEXTS, tokenizer, 48)
    with pytest.raises(MedencError, match="expected one corpus, found 2"):
        DocumentLink().prepare([Shards.open(shards)[0], Shards.open(shards)[0]], tokenizer, 48)
    with pytest.raises(MedencError, match="the model reads 48 tokens, found 64"):
        DocumentLink(sampling=Sampling(max_tokens=64)).prepare([Shards.open(shards)[0]], tokenizer, 48)


def test_rows_are_named_by_the_corpus_and_the_sampling(tokenizer, shards):
    found = list(Shards.open(shards))
    names = {
        DocumentLink(sampling=sampling).prepare(found, tokenizer, 48)[0].fingerprint
        for sampling in (Sampling(), Sampling(), Sampling(diversity=False))
    }
    assert len(names) == 2


def test_shards_are_read_by_the_masked_lm_with_their_terms(tokenizer, shards):
    found = list(Shards.open(shards))
    rows, counts = MaskedLM().prepare(found, tokenizer, 40)
    assert counts["rows"] == len(found) == len(rows)
    assert list(rows.lengths) == [row.tokens for row in found]
    again, _ = MaskedLM().prepare(list(Shards.open(shards)), tokenizer, 40)
    assert rows.fingerprint == again.fingerprint
    assert rows.fingerprint != MaskedLM().prepare(found[1:], tokenizer, 40)[0].fingerprint
    words, terms = (MaskedLM(masking={"unit": unit, "rate": 0.5}) for unit in ("word", "entity"))
    entities = [np.concatenate([[0], row.read().entities, [0]]) for row in rows]
    torn = dict.fromkeys(("words", "terms"), 0)
    for name, objective in (("words", words), ("terms", terms)):
        for epoch in range(10):
            chosen = objective.collate(rows, tokenizer, random(epoch=epoch))["labels"] != IGNORED
            for mask, marks in zip(chosen, entities, strict=True):
                groups = np.cumsum(marks == 1)[: len(marks)] * (marks > 0)
                torn[name] += sum(len(set(mask[: len(marks)][groups == group])) > 1 for group in set(groups) - {0})
    assert torn["words"] > 0 == torn["terms"]
    with pytest.raises(MedencError, match=r"the model reads 16 tokens, the shards have rows of \d+"):
        MaskedLM().prepare(found, tokenizer, 16)
