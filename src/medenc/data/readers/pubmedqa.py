"""PubMedQA: questions with the abstract they were the title of, answered yes, no or maybe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from medenc.core.errors import MedencError
from medenc.core.files import read_json
from medenc.core.plugins import Plugin
from medenc.data.documents import Row, each, json_document
from medenc.data.examples import Labelled
from medenc.data.reading import RecordError, Rejects, text_field

DECISIONS = ("yes", "no", "maybe")


class Pubmedqa(Plugin):
    """One JSON object, PubMed id -> question; the long answer, which gives the decision away, is not read."""

    gives: ClassVar[type] = Labelled
    encoding: str = "utf-8"
    only: Path | None = None  # a JSON object or list of PubMed ids to keep, such as test_ground_truth.json
    without: Path | None = None  # the same, to leave out

    def read(self, path: Path, rejects: Rejects) -> Iterator[Labelled]:
        """Yield the question as text, the abstract's parts joined by a space as its pair."""
        document = json_document(path, self.encoding)
        if not isinstance(document, dict):
            raise MedencError("expected an object, PubMed id -> question", where=path)
        only = set(read_json(self.only)) if self.only else None
        without = set(read_json(self.without)) if self.without else set()

        def parse(_: int, row: Row) -> list[Labelled]:
            id_ = str(row["id"])
            if id_ in without or (only is not None and id_ not in only):
                rejects.filtered("another split")
                return []
            return [_example(id_, row["row"])]

        return each(path, ({"id": id_, "row": row} for id_, row in document.items()), rejects, parse)


def _example(id_: str, row: Row) -> Labelled:
    if not isinstance(row, dict):
        raise RecordError("a question that is no object")
    parts = row.get("CONTEXTS")
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise RecordError("'CONTEXTS' is not a list of strings")
    context = " ".join(part.strip() for part in parts if part.strip())
    if not context:
        raise RecordError("an empty context")
    label = row.get("final_decision")
    if label is not None and label not in DECISIONS:
        raise RecordError(f"'final_decision' is none of {', '.join(DECISIONS)}")
    return Labelled(id_, text_field(row, "QUESTION"), label, context)
