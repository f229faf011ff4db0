"""Importing OpenVINO without its telemetry.

`import openvino` reports itself over the network and writes an identifier into the home folder unless the package
`openvino_telemetry` is missing, in which case it falls back on an empty stand-in. We make it missing: a program that
reads patients' texts must not call home. Leaving the converter out as well halves the time of the import.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from medenc.core.errors import MedencError

TELEMETRY, CONVERTER, QUANTIZER = "openvino_telemetry", "openvino.tools.ovc", "nncf"


def import_openvino() -> ModuleType:
    """The module `openvino`, without telemetry and without the converter."""
    with _missing(TELEMETRY, CONVERTER):
        return _import("openvino")


def import_converter() -> ModuleType:
    """The module `openvino.tools.ovc`, without telemetry."""
    import_openvino()
    with _missing(TELEMETRY):
        return _import(CONVERTER)


def import_nncf() -> ModuleType:
    """The module `nncf`, without telemetry, and without torch where that is not loaded yet."""
    import_openvino()
    with _missing(TELEMETRY, "torch"):
        return _import(QUANTIZER, "pip install 'medenc[int8]'")


def _import(name: str, hint: str = "pip install openvino") -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise MedencError(f"the package {name.partition('.')[0]} is not installed", hint=hint) from None


@contextmanager
def _missing(*names: str) -> Iterator[None]:
    """Make modules that are not loaded yet impossible to import inside the block."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is Python's mark for "not importable"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
