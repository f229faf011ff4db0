"""Encoders from sizes and from checkpoints."""

import pytest
import torch
from transformers import BertConfig, BertModel, ElectraConfig, ElectraModel, RobertaConfig, RobertaModel

from medenc.core.errors import MedencError
from medenc.models import encoder as encoders
from medenc.models.encoder import SIZES, Contract, Encoder, Towers, encode_batch, from_checkpoint, from_size, separate

SHAPE = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
IDS = torch.tensor([[2, 7, 8, 9, 3], [2, 7, 3, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


def contract(**changes):
    return Contract(**({"max_tokens": 16} | changes))


def bert(folder, **options):
    BertModel(BertConfig(vocab_size=50, **SHAPE), **options).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("size", ["tiny", "mini"])
def test_a_size_has_its_shape_and_berts_initialisation(size):
    torch.manual_seed(0)
    encoder = from_size(size, 300, contract())
    config = encoder.backbone.config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == SIZES[size]
    words = encoder.backbone.embeddings.word_embeddings.weight
    assert words.std().item() == pytest.approx(0.02, rel=0.05)
    assert words[0].abs().max() == 0  # padding
    assert encoder.backbone.pooler is None  # an unused one would be saved untrained


def test_the_seed_decides_the_weights():
    made = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        made.append(from_size("tiny", 60, contract()).backbone.embeddings.word_embeddings.weight)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize("pooling", ["cls", "mean", "pooler"])
@pytest.mark.parametrize("normalize", [True, False])
def test_padding_does_not_change_a_vector(tmp_path, pooling, normalize):
    encoder = from_checkpoint(bert(tmp_path), contract(pooling=pooling, normalize=normalize)).eval()
    with torch.inference_mode():
        padded, alone = encoder(IDS, MASK)[1], encoder(IDS[1:, :3], MASK[1:, :3])[0]
    torch.testing.assert_close(padded, alone, atol=1e-6, rtol=1e-5)
    assert (abs(padded.norm().item() - 1) < 1e-5) == normalize


@pytest.mark.parametrize("batch_tokens", [1, 6, 12, 1000])
@pytest.mark.parametrize("chunk_rows", [None, 2])
def test_a_batch_in_parts_of_like_length_gives_its_rows_in_order(tmp_path, monkeypatch, batch_tokens, chunk_rows):
    monkeypatch.setattr(encoders, "BATCH_TOKENS", batch_tokens)
    encoder = from_checkpoint(bert(tmp_path), contract()).eval()
    ids, mask = IDS[[1, 0, 1, 0, 1]], MASK[[1, 0, 1, 0, 1]]
    ids[4, 1] = 9
    sizes = []
    encoder.register_forward_pre_hook(lambda _, given: sizes.append(given[0].shape))
    found = encode_batch(encoder, ids, mask, chunk_rows)
    assert sum(rows for rows, _ in sizes) == 5
    assert all(rows == 1 or rows * tokens <= batch_tokens for rows, tokens in sizes)
    torch.testing.assert_close(found, encoder(ids, mask), atol=1e-6, rtol=1e-5)


def test_poolings_are_what_they_say(tmp_path):
    bert(tmp_path)
    plain = BertModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        output = plain(input_ids=IDS, attention_mask=MASK)
        hidden = output.last_hidden_state
        expected = {
            "cls": hidden[:, 0],
            "mean": torch.stack([hidden[0].mean(0), hidden[1, :3].mean(0)]),
            "pooler": output.pooler_output,
        }
        for pooling, vectors in expected.items():
            encoder = from_checkpoint(tmp_path, contract(pooling=pooling, normalize=False)).eval()
            torch.testing.assert_close(encoder(IDS, MASK), vectors, atol=1e-6, rtol=1e-5)


def test_electra_has_no_pooler(tmp_path):
    ElectraModel(ElectraConfig(vocab_size=50, embedding_size=16, **SHAPE)).save_pretrained(tmp_path)
    assert from_checkpoint(tmp_path, contract()).dimension == 32
    with pytest.raises(MedencError, match="no pooler"):
        from_checkpoint(tmp_path, contract(pooling="pooler"))


def test_a_pooler_that_was_never_saved_is_not_invented(tmp_path):
    bert(tmp_path, add_pooling_layer=False)
    with pytest.raises(MedencError, match=r"weights are missing, such as pooler.*choose another pooling"):
        from_checkpoint(tmp_path, contract(pooling="pooler"))


def test_roberta_reads_two_tokens_less_than_its_positions(tmp_path):
    config = RobertaConfig(vocab_size=50, pad_token_id=1, max_position_embeddings=18, **SHAPE)
    RobertaModel(config).save_pretrained(tmp_path)
    from_checkpoint(tmp_path, contract(max_tokens=16))
    with pytest.raises(MedencError, match="reads 16 tokens, found 17"):
        from_checkpoint(tmp_path, contract(max_tokens=17))


def test_a_pickle_is_refused(tmp_path):
    bert(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(MedencError, match="a pickle"):
        from_checkpoint(tmp_path, contract())


def test_a_folder_without_weights_or_config_is_named(tmp_path):
    with pytest.raises(MedencError, match=r"no config\.json"):
        from_checkpoint(tmp_path, contract())
    bert(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(MedencError, match="no weights"):
        from_checkpoint(tmp_path, contract())


def test_dropout_is_the_checkpoints_own_unless_given(tmp_path):
    bert(tmp_path)
    assert from_checkpoint(tmp_path, contract()).backbone.config.hidden_dropout_prob == 0.1
    assert from_checkpoint(tmp_path, contract(), 0.3).backbone.config.hidden_dropout_prob == 0.3


def test_separate_towers_share_nothing():
    towers = separate(from_size("tiny", 60, contract()))
    assert isinstance(towers, Towers)
    with torch.no_grad():
        towers.query.backbone.embeddings.word_embeddings.weight.zero_()
    assert towers.passage.backbone.embeddings.word_embeddings.weight.abs().sum() > 0


def test_one_tower_serves_both_sides():
    encoder = from_size("tiny", 60, contract())
    assert encoder.query is encoder.passage is encoder
    assert isinstance(encoder, Encoder)


def test_towers_of_different_dimensions_are_refused():
    with pytest.raises(MedencError, match="128 numbers for queries, 256 for passages"):
        Towers(from_size("tiny", 60, contract()), from_size("mini", 60, contract()))
