"""Vectors: the same whatever the company, in the order of the texts, with every token accounted for."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_checkpoints import TEXTS

from medenc.core.errors import MedencError
from medenc.runtime.embedder import BLOCK_TEXTS, Embedder, score
from medenc.text.tokens import batches

LONG = " ".join(TEXTS) * 3  # several times what the model reads


@pytest.fixture(scope="module")
def embedder(model: Path) -> Embedder:
    return Embedder.open(model, threads=1)


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def varied(n: int) -> list[str]:
    return [" ".join(TEXTS[(i + j) % len(TEXTS)] for j in range(i % 3)) + f" {i}" for i in range(n)]


def test_vectors_do_not_depend_on_their_company(embedder: Embedder) -> None:
    texts = varied(200)
    alone = np.concatenate([embedder.encode([text]) for text in texts[:40]])
    together = embedder.encode(texts)
    assert together.dtype == np.float32
    assert together.shape == (200, 32)
    assert cosines(alone, together[:40]).min() >= 0.99999
    assert cosines(together[::-1], embedder.encode(texts[::-1])).min() >= 0.99999
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_several_threads_share_a_model(embedder: Embedder) -> None:
    parts = [varied(150)[i::3] for i in range(3)]
    with ThreadPoolExecutor(3) as pool:
        for found, part in zip(pool.map(embedder.encode, parts), parts, strict=True):
            assert cosines(found, embedder.encode(part)).min() >= 0.99999


def test_a_stream_keeps_the_order_and_no_more_than_a_block(embedder: Embedder) -> None:
    taken = 0

    def texts() -> Iterator[str]:
        nonlocal taken
        for text in varied(3 * BLOCK_TEXTS):
            taken += 1
            yield text

    blocks = embedder.stream(texts())
    first = next(blocks)
    assert taken == BLOCK_TEXTS == len(first.vectors)
    rest = [block.vectors for block in blocks]
    last = embedder.encode(varied(3 * BLOCK_TEXTS)[-3:])
    assert sum(map(len, rest)) == 2 * BLOCK_TEXTS
    assert cosines(rest[-1][-3:], last).min() >= 0.99999


def test_memory_of_a_stream_does_not_grow(embedder: Embedder) -> None:
    tracemalloc.start()
    peaks = []
    for _ in embedder.stream(TEXTS[i % 6] for i in range(4 * BLOCK_TEXTS)):
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
    tracemalloc.stop()
    assert max(peaks[1:]) < 1.3 * peaks[0]


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\ud800", "당뇨\udfff병", "\U0001f600" * 3, "a" * 5000])
def test_odd_texts_have_vectors_and_leave_the_others_alone(embedder: Embedder, text: str) -> None:
    found = embedder.embed([TEXTS[0], text, TEXTS[1]], on_overflow="truncate")
    assert np.isfinite(found.vectors).all()
    assert found.tokens.min() >= 2
    assert cosines(found.vectors[[0, 2]], embedder.encode(TEXTS[:2])).min() >= 0.99999


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, 32)
    assert embedder.windows([]).vectors.shape == (0, 32)


@pytest.mark.parametrize(("texts", "said"), [("한 글", "found one text"), ([TEXTS[0], None], "text 1 is no text")])
def test_what_is_no_list_of_texts_is_refused(embedder: Embedder, texts: list[str], said: str) -> None:
    with pytest.raises(MedencError, match=said):
        embedder.encode(texts)


def test_overflow_is_an_error_without_the_text(embedder: Embedder) -> None:
    with pytest.raises(MedencError, match=r"text 1 has \d+ tokens, the model reads 64") as caught:
        embedder.encode([TEXTS[0], LONG], on_overflow="error")
    assert "혈압" not in str(caught.value)


def test_overflow_in_a_later_block_is_found_by_its_number(embedder: Embedder) -> None:
    with pytest.raises(MedencError, match=f"text {BLOCK_TEXTS + 3} has"):
        embedder.encode([*(["a"] * (BLOCK_TEXTS + 3)), LONG], on_overflow="error")


def test_overflow_is_counted_and_warned_of_once(embedder: Embedder) -> None:
    with pytest.warns(UserWarning, match="2 of 3 texts are longer than 64 tokens") as seen:
        found = embedder.embed([LONG, TEXTS[3], LONG])
    assert len(seen) == 1
    assert found.tokens[[0, 2]].tolist() == [64, 64]
    whole = embedder.embed([LONG], on_overflow="window")
    pieces = len(embedder.windows([LONG]).owner)
    assert found.truncated[0] + 64 == whole.tokens[0] - 2 * (pieces - 1)  # each further window has [CLS] and [SEP]
    assert found.truncated[1] == 0


def test_truncation_on_demand_is_counted_without_a_warning(embedder: Embedder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = embedder.embed([LONG], on_overflow="truncate")
    assert found.truncated[0] > 0


def test_unknown_treatment_is_refused(embedder: Embedder) -> None:
    with pytest.raises(MedencError, match="did you mean 'window'"):
        embedder.encode(TEXTS, on_overflow="windows")


def test_windows_are_pieces_of_the_text_and_lose_nothing(embedder: Embedder) -> None:
    texts = [LONG, TEXTS[3], "", "가" * 500, "x" * 300]
    found = embedder.windows(texts)
    assert sorted(set(found.owner.tolist())) == [0, 1, 2, 3, 4]
    pieces = [texts[own][start:end] for own, (start, end) in zip(found.owner, found.spans, strict=True)]
    np.testing.assert_allclose(found.vectors, embedder.encode(pieces, on_overflow="error"), atol=1e-5)
    for number, text in enumerate(texts):
        spans = found.spans[found.owner == number]
        assert (spans[1:, 0] >= spans[:-1, 1]).all()
        covered = {place for start, end in spans for place in range(start, end)}
        assert all(place in covered for place, letter in enumerate(text) if not letter.isspace())


def test_windows_end_where_sentences_do(embedder: Embedder) -> None:
    document = " ".join(f"{text}" for text in TEXTS[:3] * 4)
    spans = embedder.windows([document]).spans
    assert len(spans) > 2
    assert all(document[end - 1] in ".。" for _, end in spans)


def test_window_vector_is_the_weighted_mean(embedder: Embedder) -> None:
    windows = embedder.windows([LONG])
    tokens = embedder.embed([LONG[start:end] for start, end in windows.spans]).tokens
    mean = (windows.vectors * tokens[:, None]).sum(0)
    found = embedder.encode([LONG], on_overflow="window")[0]
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-5)


def test_towers_need_a_role_and_differ(towers: Path) -> None:
    two = Embedder.open(towers)
    with pytest.raises(MedencError, match="say as_='query' or 'passage'"):
        two.encode(TEXTS)
    assert np.abs(two.encode_query(TEXTS) - two.encode_passage(TEXTS)).max() > 0.1


@pytest.mark.parametrize(("name", "expected"), [("cosine", 0.6), ("dot", 12.0), ("l2", -np.sqrt(17.0))])
def test_similarities_of_worked_vectors(name: str, expected: float) -> None:
    assert score(np.array([[4.0, 0.0]]), np.array([[3.0, 4.0]]), name)[0, 0] == pytest.approx(expected)


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 400))
def test_batches_take_every_text_once_within_the_budget(lengths: list[int], budget: int) -> None:
    found = list(batches(lengths, budget))
    assert sorted(int(place) for places in found for place in places) == list(range(len(lengths)))
    assert all(len(places) == 1 or len(places) * max(lengths[p] for p in places) <= budget for places in found)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=150), min_size=1, max_size=3))
def test_any_text_is_read_whole_by_windows(embedder: Embedder, texts: list[str]) -> None:
    found = embedder.windows(texts)
    assert sorted(set(found.owner.tolist())) == list(range(len(texts)))
    assert all(0 <= start <= end <= len(texts[own]) for own, (start, end) in zip(found.owner, found.spans, strict=True))


def test_inference_loads_neither_torch_nor_telemetry(model: Path) -> None:
    program = f"""
import sys
sys.modules.update(dict.fromkeys(("torch", "transformers")))
from medenc.runtime.embedder import Embedder
print(Embedder.open({str(model)!r}).encode(["당뇨병"]).shape)
assert not [name for name in sys.modules if name.startswith(("openvino_telemetry", "pandas", "lancedb"))]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "(1, 32)\n"), done.stderr
