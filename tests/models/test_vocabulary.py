"""An encoder that moves to another vocabulary: known pieces keep their vectors, new ones are what they were made of."""

import pytest
import torch
from tiny_checkpoints import write_checkpoint
from transformers import DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from medenc.core.errors import MedencError
from medenc.models.encoder import Contract, Encoder, from_checkpoint, from_size
from medenc.models.folder import open_tokenizer
from medenc.models.pretraining import word_embeddings
from medenc.models.vocabulary import more_segments, move
from medenc.objectives.masked_lm import MaskedLM
from medenc.text.tokenizer import extend_wordpiece, save_tokenizer, train_wordpiece

ENGLISH = ["blood pressure", "low pressure of blood", "pressured"] * 3
KOREAN = ["고혈압 환자의 혈압", "blood pressure of 환자", "혈압약 bloodlow"] * 3


@pytest.fixture
def old(tmp_path):
    save_tokenizer(train_wordpiece(ENGLISH, 60), tmp_path / "old")
    return open_tokenizer(tmp_path / "old")


@pytest.fixture
def new(old, tmp_path):
    save_tokenizer(extend_wordpiece(old.backend_tokenizer, KOREAN, 120), tmp_path / "new")
    return open_tokenizer(tmp_path / "new")


def encoder(rows):
    torch.manual_seed(0)
    return from_size("tiny", rows, Contract(max_tokens=16)).eval()


def test_an_extended_vocabulary_keeps_its_numbers(old, new):
    assert len(old) < len(new) <= 120
    assert new.convert_ids_to_tokens(range(len(old))) == old.convert_ids_to_tokens(range(len(old)))
    assert "[UNK]" in old.tokenize("환자")
    assert "[UNK]" not in new.tokenize("환자")


def test_known_pieces_keep_their_vectors_and_new_ones_are_means(old, new):
    model = encoder(len(old))
    before = word_embeddings(model).detach().clone()
    move(old, new).embeddings(model)
    after = word_embeddings(model)
    assert torch.equal(after[: len(old)], before)
    vocabulary = new.get_vocab()
    joined = vocabulary["bloodlow"]
    parts = old.convert_tokens_to_ids(old.tokenize("bloodlow"))
    torch.testing.assert_close(after[joined], before[parts].mean(0))
    assert model.backbone.config.vocab_size == len(new)
    korean = after[[vocabulary["환"], vocabulary["압"]]]
    assert not torch.equal(korean[0], korean[1])  # nothing is known of them, but they are not the same
    assert korean.std() < 3 * before.std()


def test_a_text_of_known_pieces_has_the_same_vector(old, new):
    model = encoder(len(old))
    ids = torch.tensor([old("blood pressure")["input_ids"]])
    before = model(ids, torch.ones_like(ids))
    move(old, new).embeddings(model)
    assert old.tokenize("blood pressure") == new.tokenize("blood pressure")
    torch.testing.assert_close(model(ids, torch.ones_like(ids)), before)


def test_other_numbers_of_the_same_pieces_change_nothing(old, tmp_path):
    save_tokenizer(train_wordpiece([*ENGLISH, "a b c d e f g h i"], 80), tmp_path / "other")
    other = open_tokenizer(tmp_path / "other")
    model = encoder(len(old))
    before = word_embeddings(model).detach().clone()
    move(old, other).embeddings(model)
    for piece in ("[MASK]", "##d", "pressure"):
        place, was = other.get_vocab()[piece], old.get_vocab()[piece]
        assert torch.equal(word_embeddings(model)[place], before[was]), piece
    assert place != was  # seen to fail with rows copied by number


def test_the_inside_of_a_word_is_made_of_insides(old, new):
    change, vocabulary = move(old, new), old.get_vocab()
    table = torch.arange(len(old)).float().unsqueeze(1)
    inside = next(piece for piece in new.get_vocab() if piece.startswith("##") and piece not in vocabulary)
    ids = old.convert_tokens_to_ids(old.tokenize(inside[2:]))
    first = vocabulary.get("##" + old.convert_ids_to_tokens(ids[0]), ids[0])
    made = torch.tensor([first, *ids[1:]]).float() if ids != [old.unk_token_id] else torch.zeros(1)
    assert change.means(table)[new.get_vocab()[inside]].item() == pytest.approx(made.mean().item())


def test_the_same_vocabulary_is_no_move(old):
    assert move(old, old) is None


def test_a_bias_of_every_piece_moves_along(old, new, tmp_path):
    from medenc.models.folder import read_heads, write_heads

    model = encoder(len(old))
    heads = MaskedLM().heads(model)
    torch.nn.init.normal_(heads.bias)
    write_heads(heads, tmp_path)
    change = move(old, new)
    change.embeddings(model)
    moved = MaskedLM().heads(model)
    assert read_heads(moved, tmp_path, change)
    torch.testing.assert_close(moved.bias[: len(old)], heads.bias)
    assert not read_heads(moved, tmp_path, None)


def test_roberta_keeps_the_number_of_its_padding(tmp_path, old):
    folder = write_checkpoint("roberta", tmp_path / "roberta")
    model = from_checkpoint(folder, Contract(max_tokens=16))
    with pytest.raises(MedencError, match="needs the padding's number 1, the new vocabulary has 0"):
        move(open_tokenizer(folder), old).embeddings(model)


def test_a_vocabulary_of_another_kind_gives_means_too(tmp_path, old):
    """From byte pairs to word pieces: what a piece stands for is cut by the old tokenizer."""
    folder = write_checkpoint("roberta", tmp_path / "roberta")
    theirs = open_tokenizer(folder)
    table = torch.randn(len(theirs), 4)
    found = move(theirs, old).means(table)
    ids = theirs("pressure", add_special_tokens=False)["input_ids"]
    torch.testing.assert_close(found[old.get_vocab()["pressure"]], table[ids].mean(0))
    torch.testing.assert_close(found[old.mask_token_id], table[theirs.mask_token_id])


@pytest.mark.parametrize("family", ["bert", "electra", "albert", "roberta"])
def test_more_segments_change_nothing_that_was_read(tmp_path, family):
    write_checkpoint(family, tmp_path)
    encoder = from_checkpoint(tmp_path, Contract(max_tokens=16)).eval()
    ids, mask, types = (
        torch.arange(5, 13)[None],
        torch.ones(1, 8, dtype=torch.long),
        torch.zeros(1, 8, dtype=torch.long),
    )
    before = encoder(ids, mask, types)
    more_segments(encoder, (0, 1, 0), "a")
    assert encoder.segments == encoder.backbone.config.type_vocab_size == 5
    torch.testing.assert_close(encoder(ids, mask, types), before)
    torch.testing.assert_close(encoder(ids, mask, types + 4), before)
    with torch.no_grad():
        encoder.backbone.embeddings.token_type_embeddings.weight[4, 0] += 1
    more_segments(encoder, (0, 0, 0), "a")  # the same ones: what they learned stays
    assert not torch.allclose(encoder(ids, mask, types + 4), before)
    more_segments(encoder, (0, 0, 0), "b")  # seen to fail with their number alone compared
    torch.testing.assert_close(encoder(ids, mask, types + 4), before)


def test_one_segment_becomes_as_many_as_are_asked_for():
    """RoBERTa's own checkpoints have one."""
    config = RobertaConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, type_vocab_size=1
    )
    model = Encoder(RobertaModel(config), Contract(max_tokens=16))
    more_segments(model, (0, 1), "a")
    table = model.backbone.embeddings.token_type_embeddings.weight
    assert (table == table[0]).all()
    assert len(table) == 4


def test_a_backbone_without_segments_is_named():
    config = DistilBertConfig(vocab_size=20, dim=8, n_layers=1, n_heads=1, hidden_dim=8)
    with pytest.raises(MedencError, match="a distilbert backbone has no segments"):
        more_segments(Encoder(DistilBertModel(config), Contract(max_tokens=16)), (0,), "a")
