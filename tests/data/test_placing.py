import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.core.errors import MedencError
from medenc.data.parts import Parts
from medenc.data.placing import MOVED, SPELLED, TRIMMED, UNITS, Place, nearest_pair, occurrences, place, placed
from medenc.data.reading import RecordError
from medenc.data.tags import decode, encode, split

NFD = unicodedata.normalize("NFD", "고혈압 약")


@pytest.mark.parametrize(
    ("text", "surface", "start", "expected"),
    [
        ("당뇨와 고혈압", "고혈압", 4, Place(4, 7)),
        ("😀😀 fever, fever", "fever", 3, Place(3, 8)),
        ("😀😀 fever, fever", "fever", 5, Place(3, 8, UNITS)),  # UTF-16 units, as JavaScript and Java count
        ("고열 fever, fever", "fever", 7, Place(3, 8, UNITS)),  # UTF-8 bytes
        ("维生素b1片", "维生素B1", 0, Place(0, 5, SPELLED)),
        ("take aspirin now", " aspirin ", 5, Place(5, 12, TRIMMED)),
        ("take aspirin now", "aspirin", 9, Place(5, 12, MOVED)),
        ("take aspirin now", "aspirin", -1, Place(5, 12, MOVED)),
        ("pain and pain", "pain", 1, Place(0, 4, MOVED)),
        ("pain or other pain", "pain", -1, None),  # which of the two?
        ("pain, pain", "pain", 3, None),  # just between them
        (f"pain{' ' * 40}pain", "pain", 20, None),  # near to neither
        ("nothing here", "pain", 3, None),
        ("nothing here", "  ", 3, None),
        (NFD, "고혈압", 0, Place(0, len(unicodedata.normalize("NFD", "고혈압")), SPELLED)),
        ("５０ｍｇ 복용", "50mg", 0, Place(0, 4, SPELLED)),
        ("İ: ATE", "Ate", -1, Place(3, 6, SPELLED)),  # İ lower-cases to two characters
    ],
)
def test_where_an_annotation_lies(text, surface, start, expected):
    assert place(text, surface, start) == expected


def test_a_decomposed_text_gives_whole_characters():
    found = place(NFD, "혈압", None)
    assert unicodedata.normalize("NFC", NFD[found.start : found.end]) == "혈압"


@settings(deadline=None)
@given(st.text(min_size=1), st.data())
def test_a_right_offset_is_always_taken_at_its_word(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    if text[start:end].strip():
        assert place(text, text[start:end], start) == Place(start, end)


@settings(deadline=None)
@given(
    st.text(alphabet="ab고혈压糖😀é ", max_size=30),
    st.text(alphabet="ab고혈压糖😀é", min_size=1, max_size=4),
    st.integers(-2, 40),
)
def test_what_is_found_is_the_words_asked_for(text, surface, start):
    found = place(text, surface, start)
    if found:
        assert text[found.start : found.end].lower() == surface.lower()
    else:
        assert len(occurrences(text, surface)) != 1


def test_accounts():
    parts = Parts()
    assert placed("a fever", "fever", 2, parts, "f.json", 7) == (2, 7)
    assert placed("a fever", "fever", 0, parts, "f.json", 8) == (2, 7)
    assert placed("a fever", "cough", 2, parts, "f.json", 9) is None
    report = parts.report()
    assert (report["read"], report["repaired"]) == (3, {MOVED: 1})
    assert sum(report["set_aside"].values()) == 1
    assert report["examples"][0].startswith("f.json:8: ")
    parts.finish(0.5)
    with pytest.raises(MedencError, match=r"^f\.json:9: .*1 of 3 annotations are set aside, allowed are 1\.0%"):
        parts.finish(0.01)


def test_subject_and_object_at_their_nearest_apart_when_they_can_be():
    text = "糖尿病。糖尿病视网膜病变见于糖尿病"
    assert nearest_pair(text, "糖尿病", "视网膜病变") == ((4, 7), (7, 12))
    assert nearest_pair(text, "糖尿病", "糖尿病视网膜病变") == ((0, 3), (4, 12))
    assert nearest_pair("糖尿病肾病", "糖尿病", "糖尿病肾病") == ((0, 3), (0, 5))  # nowhere apart
    assert nearest_pair(text, "糖尿病", "肾病") == ((0, 3), None)
    assert nearest_pair("ALT升高", "alt", "升高") == ((0, 3), (3, 5))


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("O", ("O", "")),
        ("B-Multi-tissue_structure", ("B", "Multi-tissue_structure")),
        ("B_disease", ("B", "disease")),
        ("S-疾病", ("S", "疾病")),
        ("I", ("I", "")),
        ("L-B-cell", ("L", "B-cell")),
    ],
)
def test_labels_survive_their_prefix(tag, expected):
    assert split(tag) == expected


@pytest.mark.parametrize("tag", ["", "X-a", "Bdis", "B-", "O-dis", "b-dis"])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(RecordError, match="a tag that is not"):
        split(tag)


@pytest.mark.parametrize(
    ("tags", "chunks"),
    [
        ("B-a I-a O B-a", [(0, 2, "a"), (3, 4, "a")]),
        ("I-a I-a I-b", [(0, 2, "a"), (2, 3, "b")]),  # IOB1, and conlleval's mercy
        ("B-a B-a I-b", [(0, 1, "a"), (1, 2, "a"), (2, 3, "b")]),
        ("S-a B-a M-a E-a I-a", [(0, 1, "a"), (1, 4, "a"), (4, 5, "a")]),
        ("U-a B-a L-a", [(0, 1, "a"), (1, 3, "a")]),
        ("U-a I-a", [(0, 1, "a"), (1, 2, "a")]),
        ("B I O I", [(0, 2, ""), (3, 4, "")]),
        ("", []),
    ],
)
def test_decoding(tags, chunks):
    assert decode(tags.split()) == chunks


@pytest.mark.parametrize("n_cases", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_decoding_as_seqeval(n_cases):

    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    rng = random.Random(n_cases)
    tags = ["O", *(f"{prefix}-{label}" for prefix in "BIES" for label in ("a", "b-c"))]
    for _ in range(n_cases):
        row = rng.choices(tags, k=rng.randint(1, 12))
        assert decode(row) == [(start, end + 1, label) for label, start, end in seqeval.get_entities(row)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(["a", "b-c", "病_x", ""]))))
def test_tags_hold_what_does_not_overlap(gaps):
    chunks, place_ = [], 0
    for gap, size, label in gaps:
        chunks.append((place_ + gap, place_ + gap + size, label))
        place_ += gap + size
    assert decode(encode(chunks, place_ + 1)) == chunks
    assert decode(encode(chunks, place_ + 1, "_")) == chunks


def test_overlapping_entities_are_not_squeezed_into_one_row():
    with pytest.raises(MedencError, match="two entities overlap"):
        encode([(0, 3, "a"), (2, 4, "b")], 5)
