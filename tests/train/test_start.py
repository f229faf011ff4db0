"""Going on from checkpoints: their heads, more pieces for another language, and what AutoModel makes of the result."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForMaskedLM, ElectraConfig, ElectraForPreTraining

from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.models.encoder import Contract, from_size, separate
from medenc.models.folder import read_heads, write_heads
from medenc.text.tokenizer import extend_wordpiece, open_wordpiece, save_tokenizer, train_wordpiece
from medenc.train.start import _towers

ENGLISH = ["Amlodipine lowers blood pressure.", "The patient has asthma and uses an inhaler.", "Blood glucose is high."]
KOREAN = ["고혈압 환자는 혈압을 매일 잰다.", "천식 환자는 흡입제를 쓴다.", "혈당이 높다. 혈압도 높다."]
SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Texts, an English vocabulary, and checkpoints of a masked language model and of ELECTRA's discriminator."""
    folder = tmp_path_factory.mktemp("place")
    for name, lines in (("english", ENGLISH), ("korean", KOREAN)):
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = train_wordpiece(ENGLISH, 90)
    size = tokenizer.get_vocab_size()
    torch.manual_seed(0)
    for name, model in (
        ("bert", BertForMaskedLM(BertConfig(vocab_size=size, **SHAPE))),
        ("electra", ElectraForPreTraining(ElectraConfig(vocab_size=size, embedding_size=16, **SHAPE))),
    ):
        own = model.cls.predictions.bias if name == "bert" else model.discriminator_predictions.dense_prediction.bias
        torch.nn.init.normal_(own)
        model.save_pretrained(folder / name)
        save_tokenizer(tokenizer, folder / name)
    return folder


def made(out, **values):
    step = build("step", values, "test")
    with writing(out, step.kind, options={}) as draft:
        step.run(draft)
    return open_artifact(out, step.kind)


def trained(place, out, **changes):
    """One step at a rate that changes next to nothing."""
    options = {
        "start": place / "bert",
        "encoder": {"max_tokens": 32},
        "objective": {"use": "masked_lm"},
        "data": [{"use": "lines", "path": place / "english.txt"}],
        "fit": {"max_steps": 1, "per_device_batch_size": 3, "threads": 1, "learning_rate": 1e-9},
        "backend": "none",
    }
    return made(out, use="train", **(options | changes))


def test_the_heads_of_a_checkpoint_go_on(place, tmp_path):
    found = trained(place, tmp_path / "out")
    assert found.manifest["numbers"]["heads"] == "loaded: vocabulary"
    bias = load_file(place / "bert" / "model.safetensors")["cls.predictions.bias"]
    torch.testing.assert_close(load_file(found.path / "heads.safetensors")["bias"], bias, atol=1e-6, rtol=0)


def test_a_discriminator_goes_on_and_comes_out_as_one(place, tmp_path):
    """What leaves the run is the discriminator; the generator lies among the heads."""
    found = trained(place, tmp_path / "out", start=place / "electra", objective={"use": "replaced_token"})
    assert found.manifest["numbers"]["heads"] == "loaded: replaced"
    model, report = AutoModel.from_pretrained(found.path, output_loading_info=True)
    assert not any(report.values())
    assert json.loads((found.path / "config.json").read_text())["architectures"] == ["ElectraModel"]
    start = AutoModel.from_pretrained(place / "electra").eval()
    inputs = AutoTokenizer.from_pretrained(found.path)("asthma", return_tensors="pt")
    with torch.inference_mode():
        expected = start(inputs["input_ids"]).last_hidden_state
        torch.testing.assert_close(model.eval()(inputs["input_ids"]).last_hidden_state, expected, atol=1e-4, rtol=0)


def test_another_language_begins_with_more_pieces(place, tmp_path):
    """The old pieces keep vectors and biases; without `new_words` the run refuses."""
    more = made(tmp_path / "more", use="tokenizer", texts=[place / "korean.txt"], vocab_size=140, extend=place / "bert")
    changes = {"tokenizer": more.path, "data": [{"use": "lines", "path": place / "korean.txt"}]}
    with pytest.raises(MedencError, match="with new_words = true the start moves to it"):
        trained(place, tmp_path / "refused", **changes)
    found = trained(place, tmp_path / "out", new_words=True, **changes)
    old, new = load_file(place / "bert" / "model.safetensors"), load_file(found.path / "model.safetensors")
    rows, name = len(old["cls.predictions.bias"]), "embeddings.word_embeddings.weight"
    assert len(new[name]) == more.manifest["numbers"]["vocab_size"] > rows
    torch.testing.assert_close(new[name][:rows], old[f"bert.{name}"], atol=1e-6, rtol=0)
    assert found.manifest["numbers"]["heads"] == "loaded: vocabulary"
    bias = load_file(found.path / "heads.safetensors")["bias"]
    torch.testing.assert_close(bias[:rows], old["cls.predictions.bias"], atol=1e-6, rtol=0)
    assert AutoModel.from_pretrained(found.path).config.vocab_size == len(AutoTokenizer.from_pretrained(found.path))


def test_a_folder_of_ours_moves_with_its_heads(place, tmp_path):
    first = trained(place, tmp_path / "first")
    more = made(tmp_path / "more", use="tokenizer", texts=[place / "korean.txt"], vocab_size=140, extend=first.path)
    again = trained(place, tmp_path / "again", start=first.path, tokenizer=more.path, new_words=True)
    assert again.manifest["numbers"]["heads"] == "loaded"


def test_only_word_pieces_are_extended(place, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "tokenizer.json").write_text(
        json.dumps({"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})
    )
    with pytest.raises(MedencError, match="expected a WordPiece vocabulary, found BPE"):
        made(tmp_path / "out", use="tokenizer", texts=[place / "korean.txt"], vocab_size=140, extend=tmp_path / "other")


def test_what_cannot_be_extended_is_named(place, tmp_path):
    with pytest.raises(
        MedencError, match=r"vocab_size: the vocabulary to extend has \d+ pieces \(give more than \d+\)"
    ):
        extend_wordpiece(open_wordpiece(place / "bert"), KOREAN, 5)
    options = {"vocab_size": 140, "lowercase": False, "extend": place / "bert"}
    with pytest.raises(MedencError, match="lowercase: a vocabulary that is extended keeps its own case"):
        made(tmp_path / "out", use="tokenizer", texts=[place / "korean.txt"], **options)


def test_the_towers_come_in_order():
    """A set of them came in the order of their addresses, and so did what was drawn for each."""
    towers = [separate(from_size("tiny", 60, Contract(max_tokens=8))) for _ in range(8)]
    assert all(_towers(both) == [both.query, both.passage] for both in towers)


def test_heads_that_go_on_keep_the_numbers_of_the_tokenizer_at_hand(tmp_path):
    """Seen to fail: the numbers of another tokenizer's markers were loaded, and no marker was found."""
    old, new = (build("head", {"use": "entity_starts", "size": 2}, "head").build(8) for _ in range(2))
    old.added.fill_(7)
    new.added.fill_(9)
    write_heads(old, tmp_path)
    assert read_heads(new, tmp_path, buffers=False)
    assert new.added.unique().tolist() == [9]
    for name, value in old.named_parameters():
        assert torch.equal(dict(new.named_parameters())[name], value)
    assert read_heads(new, tmp_path)
    assert new.added.unique().tolist() == [7]


def test_a_tokenizer_that_knows_more_than_the_model_is_refused(place, tmp_path):
    """Seen to end in an IndexError of torch."""
    from transformers import PreTrainedTokenizerFast

    shutil.copytree(place / "bert", tmp_path / "start")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path / "start")
    tokenizer.add_tokens(["haemoglobin"])
    tokenizer.save_pretrained(tmp_path / "start")
    with pytest.raises(MedencError, match=r"token id \d+ is beyond the model's vocabulary of \d+"):
        trained(place, tmp_path / "out", start=tmp_path / "start")
