"""A model folder gives the same vectors in medenc, transformers and sentence-transformers."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from medenc.core.errors import MedencError
from medenc.core.files import read_json, write_json
from medenc.models.encoder import Contract, Towers, from_size, separate
from medenc.models.folder import encode, open_model, open_tokenizer, read_contract, write_model
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

TEXTS = ["고혈압 환자의 처방", "2型糖尿病患者", "Amlodipine 5 mg once daily for hypertension", "HTN"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_wordpiece(TEXTS * 3, 200), folder)
    return open_tokenizer(folder)


def written(folder, tokenizer, **changes):
    torch.manual_seed(0)
    contract = Contract(**({"pooling": "mean", "max_tokens": 12} | changes))
    model = from_size("tiny", len(tokenizer), contract)
    folder.mkdir(exist_ok=True)
    return model, write_model(model, tokenizer, folder)


def test_facts_are_what_the_manifest_promises(tmp_path, tokenizer):
    _, facts = written(tmp_path, tokenizer)
    assert facts == {
        "pooling": "mean",
        "normalize": True,
        "similarity": "cosine",
        "max_tokens": 12,
        "prompts": {"query": "", "passage": ""},
        "languages": ["ko", "zh", "en"],
        "dimension": 128,
        "towers": False,
        "lowercase": True,
    }
    assert not list(tmp_path.glob("*.bin"))


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("similarity", ["cosine", "dot", "l2"])
def test_sentence_transformers_gives_the_same_vectors(tmp_path, tokenizer, pooling, normalize, similarity):
    st = pytest.importorskip("sentence_transformers")
    model, _ = written(tmp_path, tokenizer, pooling=pooling, normalize=normalize, similarity=similarity)
    theirs = st.SentenceTransformer(str(tmp_path), device="cpu")
    np.testing.assert_allclose(theirs.encode(TEXTS), encode(model, tokenizer, TEXTS), atol=1e-5)
    assert theirs.similarity_fn_name == {"l2": "euclidean"}.get(similarity, similarity)
    assert theirs.max_seq_length == 12


def test_sentence_transformers_refuses_a_pooling_it_does_not_know(tmp_path, tokenizer):
    st = pytest.importorskip("sentence_transformers")
    written(tmp_path, tokenizer, pooling="pooler")
    with pytest.raises(ValueError, match="pooler"):
        st.SentenceTransformer(str(tmp_path), device="cpu")


def test_plain_transformers_gives_the_same_vectors(tmp_path, tokenizer):
    model, _ = written(tmp_path, tokenizer, pooling="cls", normalize=False)
    plain, words = AutoModel.from_pretrained(tmp_path).eval(), AutoTokenizer.from_pretrained(tmp_path)
    batch = words(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        vectors = plain(**batch).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(vectors, encode(model, tokenizer, TEXTS), atol=1e-5)


@pytest.mark.parametrize("pooling", ["cls", "mean", "pooler"])
def test_it_opens_again_as_it_was(tmp_path, tokenizer, pooling):
    model, _ = written(tmp_path, tokenizer, pooling=pooling, similarity="dot", normalize=False)
    again = open_model(tmp_path)
    assert again.contract.model_copy(update={"languages": ["ko", "zh", "en"]}) == model.contract
    assert np.array_equal(encode(again, open_tokenizer(tmp_path), TEXTS), encode(model, tokenizer, TEXTS))


def test_a_manifest_is_believed_before_other_files(tmp_path, tokenizer):
    _, facts = written(tmp_path, tokenizer, prompts={"query": "q: ", "passage": "p: "})
    write_json(tmp_path / "manifest.json", {"model": facts})
    assert read_contract(tmp_path).prompts == {"query": "q: ", "passage": "p: "}
    assert open_model(tmp_path, max_tokens=9).contract.max_tokens == 9


def test_two_towers_are_two_whole_folders(tmp_path, tokenizer):
    torch.manual_seed(0)
    towers = separate(from_size("tiny", len(tokenizer), Contract(max_tokens=12)))
    with torch.no_grad():
        towers.passage.backbone.embeddings.word_embeddings.weight.mul_(-1)
    assert write_model(towers, tokenizer, tmp_path)["towers"] is True
    again = open_model(tmp_path)
    assert isinstance(again, Towers)
    words = open_tokenizer(tmp_path)
    for name in ("query", "passage"):
        alone = open_model(tmp_path / name)
        vectors = encode(alone, words, TEXTS)
        assert np.array_equal(vectors, encode(getattr(again, name), words, TEXTS))
        assert np.array_equal(vectors, encode(getattr(towers, name), words, TEXTS))


def test_probes_hold_64_texts_and_their_vectors(tmp_path, tokenizer):
    model, _ = written(tmp_path, tokenizer, prompts={"query": "", "passage": "p: "})
    probes = read_json(tmp_path / "probes.json")
    assert len(set(probes["texts"])) == 64
    assert all(text.startswith("p: ") for text in probes["texts"])
    np.testing.assert_allclose(probes["vectors"], encode(model, tokenizer, probes["texts"]), atol=1e-7)


def test_both_styles_of_pooling_keys_are_understood(tmp_path, tokenizer):
    written(tmp_path, tokenizer, pooling="cls")
    path = tmp_path / "1_Pooling" / "config.json"
    settings = read_json(path)
    assert settings["pooling_mode"] == "cls"
    assert settings["pooling_mode_cls_token"] is True
    path.write_text(json.dumps({k: v for k, v in settings.items() if k != "pooling_mode"}))
    assert read_contract(tmp_path).pooling == "cls"


def test_a_module_that_we_cannot_repeat_is_refused(tmp_path, tokenizer):
    written(tmp_path, tokenizer)
    modules = read_json(tmp_path / "modules.json")
    write_json(tmp_path / "modules.json", [*modules, {"idx": 3, "path": "3_Dense", "type": "x.Dense"}])
    with pytest.raises(MedencError, match="a Dense module is not supported"):
        open_model(tmp_path)


def test_a_folder_without_a_tokenizer_is_named(tmp_path):
    with pytest.raises(MedencError, match="no tokenizer in this folder"):
        open_tokenizer(tmp_path)
