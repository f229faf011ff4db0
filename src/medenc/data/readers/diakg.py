"""DiaKG: paragraphs of Chinese diabetes guidelines with entities and relations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from medenc.core.errors import MedencError
from medenc.core.plugins import Plugin
from medenc.data.documents import Row, each, exact_text, json_document, rows_under, whole_number
from medenc.data.examples import Annotated, Entity, Triple
from medenc.data.placing import placed
from medenc.data.reading import RecordError, Rejects, identifier, text_field

ENTITY_LOST = "a relation of an entity that is not there"


class Diakg(Plugin):
    """One document or an array of them; offsets of entities are of their sentence, ends exclusive."""

    gives: ClassVar[type] = Annotated
    encoding: str = "utf-8"

    def read(self, path: Path, rejects: Rejects) -> Iterator[Annotated]:
        """Yield every sentence, id `document-paragraph-sentence`, with its entities, nested ones too, and triples."""
        rows = list(_sentences(json_document(path, self.encoding), path))

        def parse(number: int, row: Row) -> list[Annotated]:
            return [_sentence(row["prefix"], row["sentence"], path, number, rejects)]

        return each(path, rows, rejects, parse)


def _sentences(document: Any, path: Path) -> Iterator[Row]:
    """Sentences with the ids of what they stand in. Raises: MedencError for another layout."""
    try:
        for doc in rows_under({"documents": document if isinstance(document, list) else [document]}, "documents"):
            for paragraph in rows_under(doc, "paragraphs"):
                prefix = f"{identifier(doc, 'doc_id')}-{identifier(paragraph, 'paragraph_id')}"
                yield from ({"prefix": prefix, "sentence": item} for item in rows_under(paragraph, "sentences"))
    except RecordError as error:
        raise MedencError(f"not a document of DiaKG: {error}", where=path) from None


def _sentence(prefix: str, row: Row, path: Path, number: int, rejects: Rejects) -> Annotated:
    text = exact_text(row, "sentence")
    entities: dict[str, Entity] = {}
    for item in rows_under(row, "entities"):
        start = whole_number(item, "start_idx")
        if span := placed(text, exact_text(item, "entity"), start, rejects.parts, path, number):
            entities[identifier(item, "entity_id")] = Entity(*span, text_field(item, "entity_type"))
    triples = []
    for item in rows_under(row, "relations"):
        ends = [entities.get(identifier(item, side)) for side in ("head_entity_id", "tail_entity_id")]
        if ends[0] is None or ends[1] is None:
            rejects.parts.set_aside(path, number, ENTITY_LOST)
        else:
            rejects.parts.found()
            triples.append(_triple(text, ends[0], text_field(item, "relation_type"), ends[1]))
    id_ = f"{prefix}-{identifier(row, 'sentence_id')}"
    return Annotated(id_, text, tuple(entities.values()), tuple(triples))


def _triple(text: str, head: Entity, predicate: str, tail: Entity) -> Triple:
    subject, target = (head.start, head.end), (tail.start, tail.end)
    return Triple(text[slice(*subject)], predicate, text[slice(*target)], subject, target, head.label, tail.label)
