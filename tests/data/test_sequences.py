"""Rows of texts and of shards, and the padded batches that they make."""

from itertools import pairwise

import numpy as np
import pytest

from medenc.core.errors import MedencError
from medenc.data.records import Name, Passage
from medenc.data.sequences import assemble, sequences
from medenc.data.shards import Tokens
from medenc.models.folder import open_tokenizer
from medenc.text.tokenizer import save_tokenizer, train_wordpiece

TEXTS = [
    Passage("ko", "고혈압 환자에게 amlodipine을 투여한다."),
    Passage("zh", "患者有糖尿病，服用阿司匹林。"),
    Passage("en", "Beta-blockers lower the heart rate.", title="Beta-blockers"),
    Passage("none", " "),
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_wordpiece([text.content for text in TEXTS] * 3, 90), folder)
    return open_tokenizer(folder)


def words(row, tokenizer):
    """The tokens of a row, word by word."""
    found = row.read()
    tokens = tokenizer.convert_ids_to_tokens(found.ids)
    starts = [*np.flatnonzero(found.word_starts).tolist(), len(tokens)]
    joined = ["".join(tokens[low:high]) for low, high in pairwise(starts)]
    return [word.replace("##", "") for word in joined]


def test_words_are_those_of_each_language(tokenizer):
    rows, counts = sequences(TEXTS, tokenizer, 64, "objective")
    assert counts == {"texts": 4, "rows": 3, "tokens": sum(row.tokens for row in rows)}
    assert words(rows[0], tokenizer) == ["고혈압", "환자에게", "amlodipine을", "투여한다", "."]
    assert words(rows[1], tokenizer) == ["患者", "有", "糖尿病", "，", "服用", "阿司匹林", "。"]
    assert words(rows[2], tokenizer)[:4] == ["beta", "-", "blockers", "beta"]


def test_a_long_text_gives_rows_that_hold_all_of_it(tokenizer):
    whole, _ = sequences(TEXTS, tokenizer, 64, "objective")
    parts, _ = sequences(TEXTS, tokenizer, 9, "objective")
    assert max(row.tokens for row in parts) == 9
    assert [row.number for row in parts] == list(range(len(parts)))
    joined = np.concatenate([row.read().ids for row in parts])
    np.testing.assert_array_equal(joined, np.concatenate([row.read().ids for row in whole]))
    assert parts[1].id == "ko:7"


def test_a_batch_pads_and_knows_what_is_special(tokenizer):
    plain = Tokens(np.array([10, 11, 12]), np.array([True, False, True]), np.array([1, 2, 0], dtype=np.uint8))
    short = Tokens(np.array([13, 3]), np.array([True, True]), np.zeros(2, dtype=np.uint8))  # a separator inside
    batch = assemble([[plain], [short]], tokenizer)
    assert batch.input_ids.tolist() == [[2, 10, 11, 12, 3], [2, 13, 3, 3, 0]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]
    assert batch.word_starts.tolist() == [[True, True, False, True, True], [True] * 5]
    assert batch.entities.tolist() == [[0, 1, 2, 0, 0], [0] * 5]
    assert batch.special.tolist() == [[True, False, False, False, True], [True, False, True, True, True]]
    assert not batch.token_type_ids.any()


def test_two_stretches_have_types(tokenizer):
    one, two = (
        Tokens(np.array(ids), np.ones(len(ids), bool), np.zeros(len(ids), np.uint8)) for ids in ([10], [11, 12])
    )
    batch = assemble([[one, two], [one, one]], tokenizer)
    assert batch.input_ids.tolist() == [[2, 10, 3, 11, 12, 3], [2, 10, 3, 10, 3, 0]]
    assert batch.token_type_ids.tolist() == [[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0]]


def test_other_records_are_refused(tokenizer):
    with pytest.raises(MedencError, match="expected texts or shards, found a Name"):
        sequences([Name("C1", "천식")], tokenizer, 16, "objective")
