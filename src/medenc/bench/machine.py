"""What the machine at hand can do at most: products of large matrices, in float32 and in int8."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from medenc.core.files import read_json
from medenc.runtime.offline import import_openvino
from medenc.runtime.session import PRECISIONS, Precision

ROWS, INNER, COLUMNS = 1024, 4096, 4096  # large enough that nothing but the products counts
TIMES = 5


class Ceiling:
    """The two products, compiled once and timed whenever it is asked for."""

    def __init__(self) -> None:
        core = import_openvino().Core()
        hint = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        self._products = {
            precision: core.compile_model(_product(precision), "CPU", hint).create_infer_request()
            for precision in PRECISIONS
        }
        self._input = np.random.default_rng(0).uniform(-1, 1, (ROWS, INNER)).astype(np.float32)

    def measure(self) -> dict[Precision, float]:
        """Operations a second in each precision; a multiplication and an addition are two."""
        return {precision: 2 * ROWS * INNER * COLUMNS / self._seconds(own) for precision, own in self._products.items()}

    def _seconds(self, request: Any) -> float:
        taken = []
        for _ in range(TIMES + 1):
            start = perf_counter()
            request.infer([self._input], share_inputs=True)
            taken.append(perf_counter() - start)
        return statistics.median(taken[1:])  # the first one warmed up


def _product(precision: Precision) -> Any:
    openvino = import_openvino()
    from openvino import opset13 as ops

    left = parameter = ops.parameter([ROWS, INNER], np.float32)
    right = ops.constant(np.random.default_rng(1).uniform(-1, 1, (COLUMNS, INNER)).astype(np.float32))
    if precision == "int8":
        low, high = np.float32(-1), np.float32(127 / 128)
        left = ops.fake_quantize(left, low, high, low, high, 256)
        right = ops.fake_quantize(right, -high, high, -high, high, 255)
    return openvino.Model([ops.matmul(left, right, False, True)], [parameter])


def operations(model: Path, lengths: Sequence[int]) -> float:
    """Operations in the products of a BERT-like encoder for texts of these many tokens, without padding.

    A layer has 4 projections and 2 feed-forward products a token, and 2 products of the attention a pair of tokens.
    """
    config = read_json(model / "config.json")
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    tokens, pairs = sum(lengths), sum(length**2 for length in lengths)
    return float(layers * (2 * tokens * (4 * hidden**2 + 2 * hidden * inner) + 4 * pairs * hidden))
