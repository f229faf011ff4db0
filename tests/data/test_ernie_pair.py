"""ERNIE-Health's pair of files: written, read, and refused when it is damaged."""

import numpy as np
import pytest
from corpora import DOCUMENTS, prepared, tokenizer_of

from medenc.core.errors import MedencError
from medenc.data.ernie_pair import EXTENSION, FIRST, LAST, ErniePair


@pytest.fixture
def pair(tmp_path):
    shards, _ = prepared(tmp_path, DOCUMENTS, ernie_pair=True)
    return shards, shards.path / "pair"


def test_what_is_written_is_read(pair):
    shards, prefix = pair
    found = ErniePair(prefix, tokenizer_of())
    assert len(found) == len(shards) == 4
    for row in range(4):
        expected = shards.tokens(row)
        assert found.tokens(row).ids.tolist() == expected.ids.tolist()
        assert found.tokens(row).word_starts.tolist() == expected.word_starts.tolist()


def test_the_files_are_as_the_original_writes_them(pair):
    shards, prefix = pair
    ids = np.load(f"{prefix}_ids.npy")
    with np.load(f"{prefix}_idx.npz") as index:
        assert list(index) == ["lens"]
        assert index["lens"].dtype == np.int32
        assert index["lens"].tolist() == [row.tokens - 2 for row in shards]
    assert ids.dtype == np.uint16
    size = tokenizer_of().get_vocab_size()
    first = [chr(FIRST + i - size) if i >= size else tokenizer_of().id_to_token(int(i)) for i in ids[:9]]
    suffix = [bool(i >= size) for i in ids[:9]]
    assert "".join(first) == "糖尿病性视网膜病变"
    assert suffix == [False, True, True, False, False, True, True, False, True]  # 糖尿病 性 视网膜 病变


def test_extended_ids_and_pieces():
    assert EXTENSION == 20_902
    assert 22_608 + LAST - FIRST == 43_509


def test_pieces_keep_their_ids_and_begin_nothing(tmp_path):
    tokenizer = tokenizer_of()
    vocabulary = tokenizer.get_vocab()
    piece = next(id_ for text, id_ in sorted(vocabulary.items()) if text.startswith("##") and len(text) > 3)
    size, character = tokenizer.get_vocab_size(), vocabulary["病"]
    stored = [character, size + ord("病") - FIRST, piece, vocabulary["a"]]
    np.save(tmp_path / "x_ids.npy", np.array(stored, dtype=np.uint16))
    np.savez(tmp_path / "x_idx.npz", lens=np.array([3, 1], dtype=np.int32))
    found = ErniePair(tmp_path / "x", tokenizer)
    assert found.tokens(0).ids.tolist() == [character, character, piece]
    assert found.tokens(0).word_starts.tolist() == [True, False, False]
    assert found.tokens(1).ids.tolist() == [vocabulary["a"]]


def test_a_damaged_or_foreign_pair_is_named(pair):
    _, prefix = pair
    ids, index = (prefix.with_name(f"pair_{name}") for name in ("ids.npy", "idx.npz"))
    good = ids.read_bytes()
    ids.write_bytes(good[:-2])
    with pytest.raises(MedencError, match=r"pair_ids\.npy: cut off"):
        ErniePair(prefix, tokenizer_of())
    array = np.load(index)["lens"]
    ids.write_bytes(good)
    np.savez(index, lens=array[:-1])
    with pytest.raises(MedencError, match=r"ids, but samples of"):
        ErniePair(prefix, tokenizer_of())
    np.savez(index, lengths=array)
    with pytest.raises(MedencError, match=r"pair_idx\.npz: cut off, or no file of ERNIE-Health's"):
        ErniePair(prefix, tokenizer_of())
    index.unlink()
    with pytest.raises(MedencError, match=r"pair_idx\.npz: no such file"):
        ErniePair(prefix, tokenizer_of())


def test_ids_beyond_the_extension_are_named(tmp_path):
    np.save(tmp_path / "x_ids.npy", np.array([60_000], dtype=np.uint16))
    np.savez(tmp_path / "x_idx.npz", lens=np.array([1], dtype=np.int32))
    with pytest.raises(MedencError, match="id 60000 is beyond the vocabulary"):
        ErniePair(tmp_path / "x", tokenizer_of())
