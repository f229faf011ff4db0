"""Terms of one language inside a text, and their names in another."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from medenc.data.records import Name
from medenc.text.scripts import script

Particles = Literal["space", "attach", "drop"]

# Endings that may follow a noun; the longest that fits is taken.
PARTICLES = """
은 는 이 가 을 를 과 와 의 도 만 에 로 나 이나 으로 이랑 랑 에서 에게 에는 에도 에선 께 까지 부터 보다 처럼 마다
밖에 조차 이란 란 이라는 라는 이라고 라고 이라면 라면 이라 라 이라서 라서 이며 이면 이고 인데 인지 인가요 일 때 일까
일까요 입니다 이에요 예요 이야 야 이었는데 이었던 이어도 이라도 라도 으로는 로는 으로도 로도 으로서 로서 에서는 에서도
이랑은 하고 한테
""".split()  # noqa: SIM905, a list of quoted words would be three times as long
_PARTICLE = re.compile("|".join(sorted(PARTICLES, key=lambda p: (-len(p), p))))


@dataclass(frozen=True, slots=True)
class Mention:
    """A name of a concept at `start` to `end` of a text; its Korean particle ends at `particle_end`."""

    start: int
    end: int
    particle_end: int
    concept_id: str
    language: str


class Lexicon:
    """Finds the names of a terminology in texts, and replaces them by names in other languages."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._concepts: dict[str, tuple[str, str]] = {}  # folded term -> concept and language
        self._names: dict[str, dict[str, list[str]]] = {}  # concept -> language -> terms
        for name in sorted(names, key=lambda name: (name.concept_id, name.language, name.term)):
            self._concepts.setdefault(_folded(name.term), (name.concept_id, name.language))
            self._names.setdefault(name.concept_id, {}).setdefault(name.language, []).append(name.term)
        longest_first = sorted(self._concepts, key=lambda term: (-len(term), term))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def mentions(self, text: str) -> Iterator[Mention]:
        """Every name that stands as a word of its own, in reading order, the longest at each place.

        Args:
            text: NFC; a Korean name may carry a particle, which is not part of the mention.
        """
        folded, start = _folded(text), 0
        if len(folded) != len(text):  # a few letters fold to two; offsets would be wrong
            return
        while found := self._pattern.search(folded, start):
            particle_end = end_of_word(text, found.start(), found.end())
            start = found.start() + 1 if particle_end is None else found.end()
            if particle_end is not None:
                yield Mention(found.start(), found.end(), particle_end, *self._concepts[found.group()])

    def switched(
        self, text: str, rng: random.Random, particles: Particles, languages: Sequence[str] = ("ko", "zh", "en")
    ) -> str:
        """`text` with every mention replaced; one concept gets one name throughout. Unchanged where nothing fits."""
        text = unicodedata.normalize("NFC", text)
        chosen: dict[str, str] = {}
        parts: list[str] = []
        done = 0
        for mention in self.mentions(text):
            if mention.concept_id not in chosen:
                others = self._others(mention, languages)
                chosen[mention.concept_id] = rng.choice(others) if others else ""
            if name := chosen[mention.concept_id]:
                before = text[done : mention.start]
                parts += [before, *_joined(before or (parts[-1] if parts else ""), name, text, mention, particles)]
                done = mention.particle_end if particles == "drop" else mention.end
        return "".join([*parts, text[done:]])

    def asked(self, text: str, rng: random.Random, languages: Sequence[str], most: int) -> str:
        """Up to `most` of the concepts that `text` mentions, all named in one of `languages`; empty without any."""
        concepts = list(
            dict.fromkeys(mention.concept_id for mention in self.mentions(unicodedata.normalize("NFC", text)))
        )
        language = rng.choice(languages)
        named = [concept for concept in concepts if language in self._names[concept]]
        chosen = rng.sample(named, min(len(named), rng.randint(1, most)))
        return " ".join(rng.choice(self._names[concept][language]) for concept in chosen)

    def _others(self, mention: Mention, languages: Sequence[str]) -> list[str]:
        """The concept's names in the other languages."""
        names = self._names[mention.concept_id]
        return [term for language in languages if language != mention.language for term in names.get(language, ())]


def _joined(before: str, name: str, text: str, mention: Mention, particles: Particles) -> Iterator[str]:
    """The name and the spaces that keep it apart from its neighbours."""
    if before and _run_together(before[-1], name[0]):
        yield " "
    yield name
    after = text[mention.end : mention.end + 1]
    if mention.particle_end > mention.end and script(name[-1]) != "hangul":
        if particles == "space":
            yield " "
    elif after and mention.particle_end == mention.end and _run_together(name[-1], after):
        yield " "


def _run_together(left: str, right: str) -> bool:
    """Whether two letters without a space between would read as one word."""
    scripts = {script(left), script(right)}
    return scripts == {"hangul"} or scripts <= {"latin", "digit", "greek"}


def end_of_word(text: str, start: int, end: int) -> int | None:
    """The end of the particle after a name, `end` without one; None when the name is a part of a longer word."""
    if start and _inside(text[start - 1], text[start]):
        return None
    following = text[end : end + 1]
    if script(following or " ") != "hangul":
        return None if following and _inside(text[end - 1], following) else end
    particle = _PARTICLE.match(text, end)
    if particle and script(text[particle.end() : particle.end() + 1] or " ") != "hangul":
        return particle.end()
    return None


def _inside(left: str, right: str) -> bool:
    """Whether the border between two characters lies inside a word.

    Chinese has no such borders in writing; there the longest name decides.
    """
    scripts = (script(left), script(right))
    return "hangul" == scripts[0] == scripts[1] or all(s in ("latin", "digit", "greek") for s in scripts)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()
