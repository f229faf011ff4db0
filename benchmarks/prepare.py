"""Characters a second from Chinese text to token ids with word marks: ours beside the reference procedure, on one core.

    python benchmarks/prepare.py corpus.jsonl.gz … [--terms TERMS] [--tokenizer DIR] [--json]

The reference is what ERNIE-Health's preprocessing does (specified in its README and script; written anew here): a
sentence at a time, jieba's words, a BERT tokenizer's tokens, then a loop that joins up to four tokens and looks them up
among the words. It needs `pip install jieba`, which nothing else here does. Ours marks terms and sentences as well.
Without `--tokenizer` a vocabulary is learned from the first documents. Rounds take turns, ours each with nothing
remembered of the rounds before; the median of each counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import jieba
from tokenizers import Tokenizer

from medenc.data.corpus import Document, chunks, documents, files
from medenc.data.ernie_pair import FIRST, LAST
from medenc.data.rejects import Rejects
from medenc.data.shard_building import Builder
from medenc.data.sources import read_names
from medenc.text.tokenizer import train_wordpiece

LONGEST_WORD = 4  # of the reference, in tokens


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("files", nargs="+", type=Path)
    given.add_argument("--terms", type=Path, help="a terminology, marked by ours")
    given.add_argument("--tokenizer", type=Path, help="folder with tokenizer.json")
    given.add_argument("--characters", type=int, default=400_000, help="of a round of the reference; ours takes all")
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--json", action="store_true")
    options = given.parse_args()
    found = measure(options)
    print(json.dumps(found) if options.json else table(found))


def measure(options: argparse.Namespace) -> dict[str, float]:
    """Speeds in characters a second, by processor time, and their ratio in each round."""
    texts = [
        document for chunk in chunks(files(options.files), Rejects()) for document in documents(chunk, Rejects(), None)
    ]
    tokenizer = _tokenizer(options.tokenizer, texts)
    names = [name.term for name in read_names(options.terms)] if options.terms else []
    some = _first(texts, options.characters)
    reference = Reference(tokenizer)
    reference.run(some[:50])  # what is loaded once is not speed
    slow, fast = [], []
    for _ in range(options.rounds):
        builder = Builder(tokenizer, names, morphemes=False)
        builder.part(texts[:50])
        slow.append(speed(lambda: reference.run(some), some))
        fast.append(speed(lambda b=builder: b.part(texts), texts))
    return {
        "characters": sum(len(document.text) for document in texts),
        "terms": len(names),
        "reference": round(statistics.median(slow)),
        "ours": round(statistics.median(fast)),
        "ratio": round(statistics.median(f / s for f, s in zip(fast, slow, strict=True)), 1),
    }


class Reference:
    """The published procedure: words by jieba, marks by looking up joined tokens, extended ids inside words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer, self.vocabulary = tokenizer, tokenizer.get_vocab()

    def run(self, texts: list[Document]) -> list[list[int]]:
        return [self.ids(sentence) for document in texts for sentence in document.text.split("\n")]

    def ids(self, sentence: str) -> list[int]:
        words = list(jieba.cut(sentence.strip()))
        tokens = self.tokenizer.encode("".join(words), add_special_tokens=False).tokens
        return [self.id(token) for token in marked(tokens, set(words))]

    def id(self, token: str) -> int:
        character = token[2:]
        if token.startswith("##") and len(character) == 1 and FIRST <= ord(character) <= LAST:
            return len(self.vocabulary) + ord(character) - FIRST
        return self.vocabulary.get(token, self.vocabulary["[UNK]"])


def marked(tokens: list[str], words: set[str]) -> list[str]:
    """`##` before every token of a word but its first; words of up to four tokens, the longest first."""
    found, place = [], 0
    while place < len(tokens):
        size = 1
        if any(FIRST <= ord(character) <= LAST for character in tokens[place]):
            for length in range(LONGEST_WORD, 0, -1):
                if "".join(tokens[place : place + length]) in words:
                    size = length
                    break
        found += [tokens[place], *("##" + token for token in tokens[place + 1 : place + size])]
        place += size
    return found


def speed(work: Callable[[], object], texts: list[Document]) -> float:
    """Characters a second of processor time, which other programs on the machine disturb least."""
    began = time.process_time()
    work()
    return sum(len(document.text) for document in texts) / (time.process_time() - began)


def table(found: dict[str, float]) -> str:
    """The result for a reader."""
    return "\n".join(
        [
            f"{found['characters']:,} characters, {found['terms']:,} terms",
            f"{'reference (jieba and a loop)':32} {found['reference'] / 1e6:8.3f} M characters/s",
            f"{'medenc prepare':32} {found['ours'] / 1e6:8.3f} M characters/s",
            f"{'ratio':32} {found['ratio']:8.1f}",
        ]
    )


def _tokenizer(folder: Path | None, texts: list[Document]) -> Tokenizer:
    if folder is not None:
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    return train_wordpiece((document.text for document in texts[:3000]), 8000)


def _first(texts: list[Document], characters: int) -> list[Document]:
    """The first documents with that many characters together."""
    taken = 0
    for place, document in enumerate(texts):
        taken += len(document.text)
        if taken >= characters:
            return texts[: place + 1]
    return texts


if __name__ == "__main__":
    main()
