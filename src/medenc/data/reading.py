"""Text files as lines and records: streamed, and refused with file, line and remedy.

UTF-8 is expected. A byte-order mark, CRLF and gzip (known by its first bytes, not by its name) are accepted. Other
encodings are recognised and named, never guessed: the reader's `encoding` option says what a file is.
"""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from medenc.core.errors import MedencError
from medenc.data.rejects import RecordError, Rejects

__all__ = [
    "RecordError",
    "Rejects",
    "content",
    "identifier",
    "json_object",
    "lines",
    "one_record",
    "opening",
    "records",
    "text_field",
]

T = TypeVar("T")

MAX_LINE_BYTES = 8 * 2**20  # a longer line is a damaged or foreign file; refusing it keeps memory flat
CHUNK_BYTES = 2**18
WIDE = ("utf-16", "utf-32")  # in these a line end is not one byte, so they are recoded while they stream


def lines(path: Path, rejects: Rejects, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) for every line, blank ones too.

    A line that is too long or cannot be decoded goes to `rejects`. Only line feeds end a line (CRLF too): other
    separators of Unicode are text.

    Raises: MedencError when the file is missing, damaged, or in another encoding than `encoding`.
    """
    codec = _codec(encoding, path)
    wide_seen = False  # whether a line beyond ASCII was decoded: then one undecodable line is a fault, not an encoding
    for number, raw in _split(_chunks(path, encoding)):
        if raw is None:
            rejects.add(path, number, f"a line of more than {MAX_LINE_BYTES:,} bytes")
            continue
        try:
            text = codec.decode(raw)[0]
        except UnicodeDecodeError:
            if not wide_seen:
                _refuse_foreign(raw, codec.name, path, number)
            rejects.add(path, number, f"not {encoding}", raw.decode("latin-1"))
            continue
        if not wide_seen and not raw.isascii():
            wide_seen = True
            _refuse_foreign(raw, codec.name, path, number)
        if "\0" in text:
            _refuse_foreign(raw, codec.name, path, number)
        yield number, text


def content(path: Path, encoding: str = "utf-8") -> str:
    """The whole text of a file that is one document, read as `lines` reads; any fault in it is an error."""
    raw, codec = b"".join(_chunks(path, encoding)), _codec(encoding, path)
    if codec.name != "utf-8" or b"\0" in raw:
        _refuse_foreign(raw, codec.name, path, 1)
    try:
        return codec.decode(raw)[0]
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        _refuse_foreign(raw, codec.name, path, number)
        raise MedencError(f"not {encoding}", where=f"{path}:{number}") from None


def opening(path: Path, encoding: str = "utf-8") -> str:
    """The first character of a file that is not white space; empty when there is none in its first block."""
    start = next((chunk.lstrip()[:1] for chunk in _chunks(path, encoding) if chunk), b"")
    return start.decode("latin-1")


def records(
    path: Path,
    rejects: Rejects,
    parse: Callable[[str], Iterable[T]],
    encoding: str = "utf-8",
    skip: int = 0,
) -> Iterator[T]:
    """Yield what `parse` makes of every line that is not blank, below the first `skip` lines."""
    for number, line in lines(path, rejects, encoding):
        if number > skip and line.strip():
            yield from one_record(path, number, line, rejects, parse)


def one_record(
    path: Path, number: int, text: str, rejects: Rejects, parse: Callable[[str], Iterable[T]]
) -> Iterator[T]:
    """Yield what `parse` makes of one record's text; when it raises `RecordError` the record goes to `rejects`.

    A `parse` that returns nothing has counted the record itself, as a duplicate or as filtered.
    """
    try:
        found = list(parse(text))
    except RecordError as error:
        rejects.add(path, number, str(error), text)
        return
    if found:
        rejects.kept()
        yield from found


def json_object(line: str) -> dict[str, Any]:
    """The JSON object in `line`. Raises: RecordError when it is none, or holds NaN or broken characters."""
    try:
        value = _JSON.decode(line.strip())
        if "\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair breaks every later writer
    except UnicodeEncodeError:
        raise RecordError("half a surrogate pair in a string") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise RecordError("not JSON: a number or a nesting out of range") from None
    if not isinstance(value, dict):
        raise RecordError(f"expected a JSON object, found {type(value).__name__}")
    return value


def text_field(row: Mapping[str, Any], *names: str) -> str:
    """The string under the first of `names` that `row` has, trimmed. Raises: RecordError when there is none."""
    value = _field(row, names)
    if not isinstance(value, str):
        raise RecordError(f"'{names[0]}' is not a string")
    return value.strip()


def identifier(row: Mapping[str, Any], *names: str) -> str:
    """The id under the first of `names` that `row` has; whole numbers are accepted. Raises: RecordError."""
    value = _field(row, names)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RecordError(f"'{names[0]}' is neither a string nor a whole number")
    if not str(value).strip():
        raise RecordError("an empty id")
    return str(value).strip()


def _field(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in row:
            return row[name]
    found = ", ".join(sorted(key for key in row if key.isidentifier() and len(key) < 32))
    raise RecordError(f"no '{names[0]}', found: {found or 'nothing'}")


def _split(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Number the lines of a byte stream; a line that is too long comes as None and is never held whole."""
    number, rest, skipping = 0, b"", False
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            yield number, None if skipping else line.removesuffix(b"\r")
            skipping = False
        if skipping or len(rest) > MAX_LINE_BYTES:
            skipping, rest = True, b""
    if rest or skipping:
        yield number + 1, None if skipping else rest.removesuffix(b"\r")


def _chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """The bytes of a file, decompressed, without a byte-order mark, in an encoding whose line feed is one byte."""
    blocks = _blocks(path)
    if codecs.lookup(encoding).name.startswith(WIDE):
        yield from _recoded(blocks, encoding, path)
        return
    first = next(blocks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _other_encoding("utf-16", path, 1)
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as plain:
            magic = plain.read(2)
            plain.seek(0)
            file = gzip.GzipFile(fileobj=plain) if magic == b"\x1f\x8b" else plain
            while block := file.read(CHUNK_BYTES):
                yield block
    except FileNotFoundError:
        raise MedencError("no such file", where=path) from None
    except IsADirectoryError:
        raise MedencError("expected a file, found a folder", where=path) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise MedencError(f"a damaged gzip file: {error}", where=path, hint="copy it again") from None
    except OSError as error:
        raise MedencError(f"cannot read: {error.strerror}", where=path) from None


def _recoded(blocks: Iterable[bytes], encoding: str, path: Path) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", True).encode()
    except UnicodeError:
        raise MedencError(f"not {encoding}", where=path, hint="check `encoding`") from None


def _codec(encoding: str, path: Path) -> codecs.CodecInfo:
    try:
        codec = codecs.lookup(encoding)
    except LookupError:
        raise MedencError(f"no such encoding: '{encoding}'", where=path, hint="utf-8, cp949, gb18030") from None
    return codecs.lookup("utf-8") if codec.name.startswith(WIDE) else codec


def _refuse_foreign(raw: bytes, codec: str, path: Path, number: int) -> None:
    """Raise when the bytes are recognisably of another encoding, also when they decode to nonsense without an error."""
    if b"\0" in raw:
        raise _other_encoding("utf-16-be" if raw[:1] == b"\0" else "utf-16-le", path, number)
    own = _FAMILY.get(codec)
    if own == "utf-8" and _decodes(raw, "utf-8"):
        return  # nothing else is valid UTF-8 by chance, while the β and µ of UTF-8 are also Chinese in GB18030
    for found, first, last in (("utf-8", "ᄀ", "\ud7ff"), ("cp949", "가", "힣"), ("gb18030", "一", "鿿")):
        if (own or found == "utf-8") and _share(raw, found, first, last) > 0.8:
            if found != own:
                raise _other_encoding(found, path, number)
            return


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _share(raw: bytes, encoding: str, first: str, last: str) -> float:
    """The share of letters between `first` and `last` among the wide ones of `raw`; 0 when it cannot be decoded.

    Korean bytes also decode as GB18030, to Chinese characters; Chinese bytes hardly ever decode as cp949 to Hangul
    alone, because nearly half of the common characters have lead bytes above the Hangul range. So cp949 is asked first.
    """
    try:
        wide = [c for c in raw.decode(encoding) if c.isalpha() and not c.isascii()]
    except UnicodeDecodeError:
        return 0.0
    return sum(first <= c <= last for c in wide) / len(wide) if wide else 0.0


def _other_encoding(encoding: str, path: Path, number: int) -> MedencError:
    return MedencError(
        f"the bytes look like {encoding}",
        where=f"{path}:{number}",
        hint=f"convert it (iconv -f {encoding} -t utf-8), or set the reader's option encoding='{encoding}' in a recipe",
    )


def _no_constant(name: str) -> float:
    raise ValueError(name)


_FAMILY = {"utf-8": "utf-8", "cp949": "cp949", "euc_kr": "cp949"} | dict.fromkeys(
    ("gb18030", "gbk", "gb2312"), "gb18030"
)
_JSON = json.JSONDecoder(parse_constant=_no_constant)
