"""Pre-training goes on with the heads of checkpoints of transformers: their logits are ours."""

import pytest
import torch
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    AutoModel,
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    ElectraConfig,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    RobertaConfig,
    RobertaForMaskedLM,
)

from medenc.models.encoder import Contract, from_checkpoint
from medenc.models.known_heads import fill_known
from medenc.models.pretraining import word_embeddings
from medenc.objectives.document_link import DocumentLink
from medenc.objectives.masked_lm import MaskedLM
from medenc.objectives.multi_level import MultiLevel
from medenc.objectives.replaced_token import ReplacedToken

SHAPE = {
    "vocab_size": 90,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "initializer_range": 0.2,
    "layer_norm_eps": 1e-12,
}
IDS = torch.arange(5, 25).view(2, 10)
MASKED_LM = {
    "bert": lambda: BertForMaskedLM(BertConfig(**SHAPE)),
    "bert with next sentence": lambda: BertForPreTraining(BertConfig(**SHAPE)),
    "roberta": lambda: RobertaForMaskedLM(RobertaConfig(**SHAPE)),
    "albert": lambda: AlbertForMaskedLM(AlbertConfig(embedding_size=16, hidden_act="gelu", **SHAPE)),
    "electra's generator": lambda: ElectraForMaskedLM(ElectraConfig(embedding_size=16, **SHAPE)),
}


def saved(model, folder):
    """The model and its encoder as we open it."""
    torch.manual_seed(1)
    for name, value in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(value)  # zeros would be equal by chance
    model.eval().save_pretrained(folder)
    return from_checkpoint(folder, Contract(max_tokens=20)).eval()


@pytest.mark.parametrize("family", MASKED_LM)
def test_a_masked_language_model_goes_on_where_it_was(tmp_path, family):
    theirs = MASKED_LM[family]()
    encoder = saved(theirs, tmp_path)
    heads = MaskedLM().heads(encoder)
    assert fill_known(heads, tmp_path, None) == ["vocabulary"]
    with torch.inference_mode():
        expected = theirs(IDS)[0]
        found = heads(encoder.backbone(IDS).last_hidden_state, word_embeddings(encoder))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_discriminator_goes_on_where_it_was(tmp_path):
    theirs = ElectraForPreTraining(ElectraConfig(embedding_size=16, **SHAPE))
    encoder = saved(theirs, tmp_path)
    with torch.inference_mode():
        expected = theirs(IDS).logits
        for objective in (ReplacedToken(), MultiLevel()):
            heads = objective.heads(encoder)
            assert fill_known(heads, tmp_path, None) == ["replaced"]
            found = heads["replaced"](encoder.backbone(IDS).last_hidden_state)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_only_what_is_known_is_filled(tmp_path):
    encoder = saved(BertForPreTraining(BertConfig(**SHAPE)), tmp_path)
    assert fill_known(DocumentLink().heads(encoder), tmp_path, None) == ["vocabulary"]  # two relations are not three
    assert fill_known(ReplacedToken().heads(encoder), tmp_path, None) == []  # the generator is not the encoder


def test_an_output_layer_of_its_own_is_not_ours(tmp_path):
    encoder = saved(BertForMaskedLM(BertConfig(tie_word_embeddings=False, **SHAPE)), tmp_path)
    assert fill_known(MaskedLM().heads(encoder), tmp_path, None) == []


def test_a_bare_encoder_has_no_heads(tmp_path):
    encoder = saved(AutoModel.from_config(BertConfig(**SHAPE)), tmp_path)
    assert fill_known(MaskedLM().heads(encoder), tmp_path, None) == []
