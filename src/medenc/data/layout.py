"""Where things lie in a BEIR folder."""

from __future__ import annotations

from pathlib import Path

from medenc.core.errors import MedencError


def is_beir(path: Path) -> bool:
    """Whether `path` is a folder with a corpus."""
    return any((path / f"corpus.jsonl{end}").is_file() for end in ("", ".gz"))


def json_lines(folder: Path, stem: str) -> Path:
    """`corpus` or `queries` of a folder, compressed or not. Raises: MedencError unless there is exactly one."""
    return _only(folder, [f"{stem}.jsonl", f"{stem}.jsonl.gz"])


def judgements(folder: Path, split: str) -> Path:
    """The judgements of a split; a folder that is one split has a single `qrels.tsv`."""
    if not (folder / "qrels").is_dir():
        return _only(folder, ["qrels.tsv", "qrels.tsv.gz"])
    if split not in splits(folder):
        known = ", ".join(splits(folder)) or "none"
        raise MedencError(f"no split '{split}'", where=folder / "qrels", hint=f"splits here: {known}")
    return _only(folder / "qrels", [f"{split}.tsv", f"{split}.tsv.gz"])


def splits(folder: Path) -> list[str]:
    """Names of the splits that have a file of judgements."""
    files = (folder / "qrels").glob("*.tsv*")
    return sorted({p.name.split(".tsv")[0] for p in files})


def _only(folder: Path, names: list[str]) -> Path:
    found = [folder / name for name in names if (folder / name).is_file()]
    if len(found) != 1:
        wanted = " or ".join(names)
        raise MedencError(f"expected {wanted}, found {'both' if found else 'neither'}", where=folder)
    return found[0]
