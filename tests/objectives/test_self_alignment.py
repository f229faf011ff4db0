"""Pairs of names, and the batches made of them."""

import numpy as np
import pytest
import torch

from medenc.core.errors import MedencError
from medenc.data.records import Name, Passage
from medenc.models.encoder import Contract, from_size
from medenc.models.folder import open_tokenizer
from medenc.models.held_out import nearest_shares
from medenc.models.losses import multi_similarity, multi_similarity_rows
from medenc.objectives.self_alignment import SelfAlignment
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

NAMES = [
    *(Name("C1", term) for term in ("고혈압", "hypertension", "HTN", "htn", "high blood pressure")),
    *(Name("C2", term) for term in ("당뇨병", "diabetes", "HTN")),
    Name("C3", "천식"),
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_wordpiece([name.term for name in NAMES] * 3, 120), folder)
    return open_tokenizer(folder)


def test_pairs_join_different_names_of_one_concept(tokenizer):
    rows, counts = SelfAlignment().prepare(NAMES, tokenizer, 16)
    assert counts == {
        "names": 9,
        "concepts": 3,
        "concepts_with_one_name": 1,
        "pairs": 6 + 3,  # HTN and htn are one name to a lower-casing tokenizer
        "truncated": 0,
    }
    assert {row.id for row in rows} == {"C1", "C2"}
    assert all(row.left.tobytes() != row.right.tobytes() for row in rows)
    assert rows[0].tokens == max(len(rows[0].left), len(rows[0].right))


def test_a_large_concept_gives_the_same_sample_in_any_order_of_the_file(tokenizer):
    names = [Name("C", "고혈압 " * n) for n in range(1, 14)]
    one, counts = SelfAlignment(max_pairs=20).prepare(names, tokenizer, 32)
    other, _ = SelfAlignment(max_pairs=20).prepare(names[::-1], tokenizer, 32)
    another, _ = SelfAlignment(max_pairs=20, seed=1).prepare(names, tokenizer, 32)
    shown = [[(row.left.tobytes(), row.right.tobytes()) for row in rows] for rows in (one, other, another)]
    assert counts["pairs"] == 20
    assert shown[0] == shown[1] != shown[2]


def test_long_names_are_cut_and_counted(tokenizer):
    rows, counts = SelfAlignment(max_tokens=4).prepare(NAMES, tokenizer, 16)
    assert counts["truncated"] > 0
    assert max(row.tokens for row in rows) == 4


def test_the_loss_knows_concepts_and_shared_names(tokenizer):
    rows, _ = SelfAlignment().prepare(NAMES, tokenizer, 16)
    arrays = SelfAlignment().collate(rows, tokenizer, np.random.default_rng(0))
    batch = {name: torch.from_numpy(array) for name, array in arrays.items()}
    model = from_size("tiny", len(tokenizer), Contract(max_tokens=16)).eval()
    with torch.inference_mode():
        vectors = model(batch["input_ids"], batch["attention_mask"])
        sound = SelfAlignment(margin=0.3).losses(model, None, batch)["multi_similarity"]
        published = SelfAlignment(loss="sapbert", margin=0.3).losses(model, None, batch)["multi_similarity"]
        assert published == multi_similarity(vectors, batch["labels"], margin=0.3) != sound  # C1 and C2 share HTN
        assert sound == multi_similarity(vectors, batch["labels"], texts=batch["texts"], margin=0.3)
        rows_loss = multi_similarity_rows(*vectors.chunk(2), batch["labels"][:9], base=0.7)
        assert SelfAlignment(loss="ko-en", base=0.7).losses(model, None, batch)["multi_similarity"] == rows_loss


def test_other_records_are_refused(tokenizer):
    with pytest.raises(MedencError, match="expected names of concepts, found a Passage"):
        SelfAlignment().prepare([Passage("1", "x")], tokenizer, 16)


def test_development_accuracy_is_that_of_a_plain_loop(tokenizer):
    torch.manual_seed(1)
    model = from_size("tiny", len(tokenizer), Contract(max_tokens=16)).eval()
    names = [*(Name("C1", term) for term in ("고혈압", "hypertension", "high blood pressure")), *NAMES[5:]]

    def vector(name):
        ids = torch.tensor([tokenizer(name.term)["input_ids"]])
        return model(ids, torch.ones_like(ids))[0].detach()

    own = [name for name in names if name.concept_id != "C3"]  # a name alone shares its concept with no other
    vectors = [vector(name) for name in own]
    right = 0
    for name, mine in zip(own, vectors, strict=True):
        others = [(float(mine @ v), other.concept_id) for v, other in zip(vectors, own, strict=True) if other != name]
        right += max(others)[1] == name.concept_id
    found = SelfAlignment().measure(names, tokenizer, model, None)()
    assert found == pytest.approx({"Acc@1": right / len(own)})
    assert 0 < found["Acc@1"] < 1


def test_a_name_of_two_concepts_is_no_neighbour_of_itself():
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    labels, texts = torch.tensor([0, 1, 0, 1]), torch.tensor([7, 7, 8, 9])
    assert nearest_shares(vectors, labels, texts) == 1 / 4  # only the first one's nearest is of its concept
    assert nearest_shares(torch.ones(4, 2), labels, torch.arange(4)) == 0
