"""The smallest task models that read a note: each knows a few words, and answers as tasks of its kind do."""

import re

from medenc.decoding.predicting import Predicted

DRUGS = re.compile("amlodipine|furosemide|warfarin")


class Reader:
    """Reads a whole text by a rule; a character is a token."""

    fingerprint, labels, max_tokens = "words", ["drug", "dose"], 100_000

    def __init__(self, use, read):
        self.facts, self._read = {"use": use}, read

    @property
    def task(self):
        return self

    def row(self, id_, value):
        return value

    def predict_rows(self, rows, on_overflow):
        return Predicted([self._read(row) for row in rows], [len(row) for row in rows], [0] * len(rows), {})

    def to_json(self, prediction):
        return prediction


def _entity(label, start, end, text):
    return {"start": start, "end": end, "label": label, "text": text[start:end], "score": 1.0}


def entities(text):
    """Drugs, and drugs with their dose: one lies in the other."""
    drugs = [_entity("drug", *found.span(), text) for found in DRUGS.finditer(text)]
    doses = [_entity("dose", *found.span(), text) for found in re.finditer(rf"(?:{DRUGS.pattern}) \d+mg", text)]
    return {"entities": [*drugs, *doses]}


def triples(text):
    """What each drug treats: the note's first word."""
    first = text.split()[0]
    return {"triples": [{"subject": drug, "predicate": "treats", "object": first} for drug in DRUGS.findall(text)]}


def classes(text):
    """Whether a note has a drug."""
    has = float(bool(DRUGS.search(text if isinstance(text, str) else text["text"])))
    return {"label": "drug" if has else "none", "probabilities": {"drug": has, "none": 1 - has}}


def answer(given):
    """The first drug of the context."""
    found = DRUGS.search(given["context"])
    spans = [{"text": found.group(), "start": found.start(), "end": found.end(), "probability": 0.9}] if found else []
    return {"answer": found and found.group(), "answers": spans, "no_answer_probability": 0.1 if found else 0.9}


READERS = {
    "words": Reader("tagging", entities),
    "links": Reader("relations", triples),
    "kinds": Reader("classification", classes),
    "spans": Reader("extractive_qa", answer),
}
