"""Shards: what was put in comes out, and damage is named."""

import gzip
import json

import numpy as np
import pytest
from corpora import DOCUMENTS, TERMS, long_documents, prepared, tokenizer_of, write_lines

from medenc.core.artifact import writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.reading import Rejects
from medenc.data.shard_building import id_type
from medenc.data.shards import Row, Shards
from medenc.data.strings import Strings


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    (folder / "terms.tsv").write_text(TERMS, encoding="utf-8")
    return prepared(folder, DOCUMENTS, terms=str(folder / "terms.tsv"))


def words(tokens):
    """The words, `[…]` around terms."""
    pieces = [tokenizer_of().id_to_token(int(i)) for i in tokens.ids]
    found = []
    for piece, starts, entity in zip(pieces, tokens.word_starts, tokens.entities, strict=True):
        text = piece.removeprefix("##")
        text = f"[{text}" if entity == 1 else text
        if starts:
            found.append(text)
        else:
            found[-1] += text
    return found


def entities(tokens):
    """The terms, pieces together."""
    found = []
    for i, entity in zip(tokens.ids, tokens.entities, strict=True):
        piece = tokenizer_of().id_to_token(int(i)).removeprefix("##")
        if entity == 1:
            found.append(piece)
        elif entity == 2:
            found[-1] += piece
    return found


@pytest.mark.parametrize(
    ("document", "expected", "terms"),
    [
        (
            0,
            ["[糖尿病性视网膜病变", "患者", "有", "[糖尿病性视网膜病变", "。"],
            ["糖尿病性视网膜病变", "糖尿病性视网膜病变"],
        ),
        (1, ["[고혈압은", "만성", "질환이다", ".", "환자에게", "amlodipine을"], ["고혈압은"]),
        (2, ["diabetes", "patients", "with", "[type", "2", "diabetes", "."], ["type2diabetes"]),
    ],
)
def test_golden_marks(small, document, expected, terms):
    tokens = small[0].documents.tokens(document)
    assert words(tokens)[: len(expected)] == expected
    # The tokenizer has learned 고혈압은 and amlodipine을 as single pieces, which hold a term and a word's beginning.
    assert entities(tokens) == terms


def test_the_tokens_of_a_document_are_those_of_its_text(small):
    for number, row in enumerate(DOCUMENTS):
        text = f"{row['title']}\n{row['text']}" if "title" in row else row["text"]
        assert small[0].documents.id(number) == row["id"]
        assert (
            small[0].documents.tokens(number).ids.tolist() == tokenizer_of().encode(text, add_special_tokens=False).ids
        )


def test_sentences_begin_where_they_begin(small):
    documents = small[0].documents
    for number, count in enumerate((3, 2, 3, 1)):
        offsets = documents.sentences(number)
        assert offsets[0] == 0
        assert offsets[-1] == documents.lengths[number] == len(documents.tokens(number))
        assert len(offsets) == count + 1
    assert words(documents.tokens(0, int(documents.sentences(0)[2])))[0] == "血糖"


def test_the_numbers_are_those_of_the_shards(small):
    shards, numbers = small
    assert numbers["documents"] == len(shards.documents) == 4
    assert numbers["tokens"] == sum(len(shards.documents.tokens(i)) for i in range(4))
    assert numbers["words"] == sum(int(shards.documents.tokens(i).word_starts.sum()) for i in range(4))
    assert numbers["terms"] == sum(int((shards.documents.tokens(i).entities == 1).sum()) for i in range(4)) == 4
    assert numbers["sentences"] == 9


def test_rows_are_whole_sentences_and_together_all_the_text(tmp_path):
    shards, _ = prepared(tmp_path, long_documents(), max_tokens=40)
    documents = [shards.documents.tokens(number).ids for number in range(len(shards.documents))]
    assert np.concatenate([row.read().ids for row in shards]).tolist() == np.concatenate(documents).tolist()
    assert [row.tokens for row in shards] == [len(row.read()) + 2 for row in shards] == shards.lengths.tolist()
    assert max(shards.lengths) <= 40
    ids = [row.id for row in shards]
    assert len(set(ids)) == len(ids)
    assert ids[:2] == ["d0:0", "d1:0"]
    for number in range(len(shards.documents)):
        own = [row for row in shards if row.id.startswith(f"d{number}:")]
        ends = np.cumsum([len(row.read()) for row in own])
        assert set(ends.tolist()) <= set(shards.documents.sentences(number).tolist())
        for place in range(len(own) - 1):  # another sentence would not have fitted
            sentences = shards.documents.sentences(number)
            following = sentences[np.searchsorted(sentences, ends[place], side="right")] - ends[place]
            assert own[place].tokens + following > 40


def test_rows_across_documents_have_a_separator_between_them(tmp_path):
    shards, numbers = prepared(tmp_path, long_documents(), max_tokens=40, across_documents=True)
    separator = tokenizer_of().token_to_id("[SEP]")
    rows = [row.read() for row in shards]
    assert [len(row) + 2 for row in rows] == shards.lengths.tolist()
    assert max(shards.lengths) <= 40
    assert numbers["filled"] > 0.7
    together = np.concatenate([row.ids for row in rows])
    documents = np.concatenate([shards.documents.tokens(number).ids for number in range(40)])
    assert together[together != separator].tolist() == documents.tolist()
    assert all(row.word_starts[row.ids == separator].all() for row in rows)
    inside = sum(int((row.ids == separator).sum()) for row in rows)
    assert inside > 5


def test_a_sentence_that_is_too_long_is_cut_before_a_word(tmp_path):
    shards, _ = prepared(tmp_path, [{"id": "long", "text": "患者血压正常" * 30}], max_tokens=13)
    rows = [row.read() for row in shards]
    assert len(rows) > 15
    assert all(row.word_starts[0] for row in rows)
    assert max(map(len, rows)) <= 11


def test_a_word_longer_than_a_row_is_cut_all_the_same(tmp_path):
    (tmp_path / "terms.tsv").write_text("X\tzh\t" + "血压" * 12 + "\n", encoding="utf-8")
    shards, _ = prepared(tmp_path, [{"text": "血压" * 12}], max_tokens=8, terms=str(tmp_path / "terms.tsv"))
    assert [row.tokens for row in shards] == [8, 8, 8, 8]


def test_the_reader_yields_rows_that_stay_on_disk(small):
    rejects = Rejects()
    rows = list(build("reader", {"use": "shards"}, "data").read(small[0].path, rejects))
    assert [type(row) for row in rows] == [Row] * 4
    assert [row.number for row in rows] == [0, 1, 2, 3]
    assert rejects.report()["kept"] == 4


def test_indexing_follows_lists(small):
    shards = small[0]
    assert shards[-1] == shards[3]
    assert [row.number for row in shards[1:3]] == [1, 2]
    with pytest.raises(IndexError):
        shards[4]


@pytest.mark.parametrize("name", ["ids", "marks", "sentences", "documents", "rows", "names", "names.ends"])
def test_a_shard_that_is_cut_off_is_named(tmp_path, name):
    shards, _ = prepared(tmp_path, DOCUMENTS)
    path = shards.path / "00000" / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(MedencError, match=r"00000.*damaged.*") as caught:
        Shards.open(shards.path)
    assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(MedencError, match="damaged"):
        Shards.open(shards.path)


def test_arrays_that_do_not_fit_together_are_named(tmp_path):
    shards, _ = prepared(tmp_path, DOCUMENTS)
    np.save(shards.path / "00000" / "marks.npy", np.zeros(3, dtype=np.uint8))
    with pytest.raises(MedencError, match="00000: a damaged shard: its arrays do not fit together"):
        Shards.open(shards.path)


def test_ids_beyond_a_models_vocabulary_are_named(small):
    largest = max(int(row.read().ids.max()) for row in small[0])
    small[0].check_vocabulary(largest + 1)
    with pytest.raises(MedencError, match=rf"ids\.npy: token id {largest} is beyond the vocabulary of {largest}"):
        small[0].check_vocabulary(largest)


def test_files_folders_gzip_and_plain_text(tmp_path):
    inputs = tmp_path / "inputs"
    (inputs / "deep").mkdir(parents=True)
    write_lines(inputs / "b.jsonl", DOCUMENTS[:1])
    (inputs / "deep" / "c.jsonl.gz").write_bytes(gzip.compress(json.dumps(DOCUMENTS[1]).encode()))
    (inputs / "a.txt").write_text("\ufeff休息\r\n\r\n复查\r\n", encoding="utf-8")
    shards, numbers = prepared(tmp_path, [], files=[inputs])
    assert list(shards.documents.ids()) == ["a.txt:1", "a.txt:3", "zh", "ko"]
    assert numbers["data"]["read"] == numbers["data"]["kept"] == 4


def test_read_is_kept_and_copies_and_filtered_and_bad(tmp_path):
    rows = [
        *DOCUMENTS,
        DOCUMENTS[0],
        {"id": "copy", "text": DOCUMENTS[1]["text"]},
        {"id": "ko", "text": "休息两天"},
        {"id": "only", "text": "", "links": ["zh"]},
        {"id": "empty", "text": " "},
        {"id": "unseen", "text": "\u200b"},
        {"id": "wrong", "text": 7},
        {"id": "links", "text": "复查", "links": "zh"},
    ]
    _, numbers = prepared(tmp_path, rows, links="explicit", max_bad=0.5)
    data = numbers["data"]
    assert (data["read"], data["kept"], data["duplicates"], data["bad"]) == (12, 4, 2, 3)
    assert data["filtered"] == {"only links": 1, "no text": 1, "no token": 1}
    assert data["read"] == data["kept"] + data["duplicates"] + data["bad"] + sum(data["filtered"].values())
    assert data["reasons"] == {
        "'text' is not a string": 1,
        "'links' is not a list of ids": 1,
        "the id is taken by an earlier document with another content": 1,
    }
    assert any(example.startswith("document 'ko'") for example in data["examples"])


@pytest.mark.parametrize("rows", [[], [{"id": "a", "text": "", "links": ["b"]}]])
def test_an_empty_corpus_is_one_line(tmp_path, rows):
    with pytest.raises(MedencError, match=r"rows\.jsonl: no document with text in it"):
        prepared(tmp_path, rows)
    assert not (tmp_path / "out").exists()


def test_too_many_bad_lines_stop_the_run(tmp_path):
    with pytest.raises(MedencError, match=r"'text' is not a string; 1 of 2 records are bad"):
        prepared(tmp_path, [DOCUMENTS[0], {"text": 1}])


def test_inputs_and_tokenizers_that_are_not_there(tmp_path):
    with pytest.raises(MedencError, match="no such file or folder"):
        prepared(tmp_path, [], files=[tmp_path / "nowhere"])
    (tmp_path / "x.pdf").write_bytes(b"")
    with pytest.raises(MedencError, match="not a kind of text we read"):
        prepared(tmp_path, [], files=[tmp_path / "x.pdf"])
    write_lines(tmp_path / "x.jsonl", DOCUMENTS)
    step = build("step", {"use": "prepare", "files": [tmp_path / "x.jsonl"], "tokenizer": tmp_path}, "prepare")
    with (
        pytest.raises(MedencError, match=r"tokenizer\.json: no such file"),
        writing(tmp_path / "out", step.kind, options={}) as draft,
    ):
        step.run(draft)


def test_large_vocabularies_have_wider_ids(tmp_path):
    shards, _ = prepared(tmp_path, DOCUMENTS)
    assert np.load(shards.path / "00000" / "ids.npy").dtype == np.uint16
    assert id_type(1 << 16) is np.uint16
    assert id_type((1 << 16) + 1) is np.int32


def test_strings():
    packed = Strings.of(["", "병원", "a"])
    assert list(packed) == ["", "병원", "a"]
    assert list(packed.select(np.array([True, False, True]))) == ["", "a"]
    assert list(Strings.of([])) == []
