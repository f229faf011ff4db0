"""WordPiece for three languages."""

import subprocess
import sys
import unicodedata

import pytest

from medenc.core.errors import MedencError
from medenc.text.tokenizer import SPECIAL, save_tokenizer, train_wordpiece
from medenc.text.tokens import pad, tokenize

TEXTS = [
    "고혈압 환자에서 amlodipine 5 mg을 시작하고 혈압을 잰다",
    "糖尿病患者应定期检查HbA1c和肾功能",
    "Hypertension is treated with amlodipine; hypertensive patients measure at home",
] * 3


@pytest.fixture(scope="module")
def tokenizer():
    return train_wordpiece(TEXTS, 220)


def test_special_tokens_come_first(tokenizer):
    assert [tokenizer.id_to_token(number) for number in range(5)] == list(SPECIAL)
    assert tokenizer.encode("고혈압").tokens[0] == "[CLS]"
    assert tokenizer.encode("고혈압", "당뇨").type_ids[-1] == 1


def test_every_language_is_covered_and_hangul_stays_whole(tokenizer):
    for text in TEXTS[:3]:
        assert "[UNK]" not in tokenizer.encode(text).tokens
    assert tokenizer.encode("糖尿病").tokens[1:-1] == ["糖", "尿", "病"]
    tokens = [token.removeprefix("##") for token in tokenizer.encode("고혈압을").tokens[1:-1]]
    assert "".join(tokens) == "고혈압을"


def test_decomposed_text_gives_the_tokens_of_composed_text(tokenizer):
    assert tokenizer.encode(unicodedata.normalize("NFD", "고혈압")).ids == tokenizer.encode("고혈압").ids


@pytest.mark.parametrize("lowercase", [True, False])
def test_case(lowercase):
    tokenizer = train_wordpiece(TEXTS, 220, lowercase)
    same = tokenizer.encode("hypertension").ids == tokenizer.encode("HyperTension").ids
    assert same == lowercase


def test_offsets_are_into_the_text(tokenizer):
    text = "고혈압 HbA1c"
    encoding = tokenizer.encode(text)
    spans = [text[a:b].lower() for a, b in encoding.offsets[1:-1]]
    assert [token.removeprefix("##") for token in encoding.tokens[1:-1]] == spans


def test_the_same_texts_give_the_same_vocabulary_in_every_process(tokenizer):
    program = (
        "import sys; from medenc.text.tokenizer import train_wordpiece;"
        f"sys.stdout.buffer.write(train_wordpiece({TEXTS!r}, 220).to_str().encode())"
    )
    runs = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(3)}
    assert runs == {tokenizer.to_str().encode()}


def test_transformers_loads_it(tmp_path, tokenizer):
    from transformers import AutoTokenizer

    save_tokenizer(tokenizer, tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in (*TEXTS, "", "새 낱말 🙂"):
        assert loaded(text)["input_ids"] == tokenizer.encode(text).ids
    assert (loaded.pad_token_id, loaded.cls_token_id, loaded.mask_token_id) == (0, 2, 4)


def test_nothing_to_learn_from_is_a_users_mistake():
    with pytest.raises(MedencError, match="nothing to learn"):
        train_wordpiece(["", "  "], 100)


def test_token_ids_are_cut_counted_and_padded(tokenizer):
    found = tokenize(tokenizer, ["고혈압", "고혈압", TEXTS[2]], 6)
    assert found.truncated == 1
    assert len(found.ids[2]) == 6
    assert found.ids[0] is found.ids[1]
    batch = pad(found.ids, 0, "query_")
    assert batch["query_attention_mask"].sum(1).tolist() == [len(ids) for ids in found.ids]
    assert batch["query_input_ids"][0, len(found.ids[0]) :].sum() == 0
