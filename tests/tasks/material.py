"""Rows for every task, written for these tests: three scripts, emoji, combining marks, nested entities, long texts."""

from dataclasses import dataclass
from typing import Any

from medenc.core.plugins import build
from medenc.data.examples import Annotated, Entity, Labelled


@dataclass(frozen=True)
class Case:
    """A task with options, and labelled rows; `lost` is how many gold items its scheme cannot hold."""

    name: str
    options: dict[str, Any]
    rows: tuple[Any, ...]
    lost: int = 0

    @property
    def task(self):
        return build("task", self.options, "here")


def entities(text, *marked, tokens=()):
    """An annotated text; every mark is (words, label), or (words, label, which occurrence)."""
    found = []
    for words, label, *nth in marked:
        start = -1
        for _ in range(nth[0] + 1 if nth else 1):
            start = text.index(words, start + 1)
        found.append(Entity(start, start + len(words), label))
    return Annotated(f"t{abs(hash(text)) % 10**8}", text, tuple(found), tokens=tokens)


def words(text):
    """The spans of the words between spaces."""
    spans, place = [], 0
    for word in text.split(" "):
        spans.append((place, place + len(word)))
        place += len(word) + 1
    return tuple(spans)


LONG = " ".join(f"The dose of aspirin was raised on day {day} and asthma did not recur." for day in range(1, 30))
TEXTS = (
    "Metformin 500 mg was started for type 2 diabetes.",
    "고혈압 환자에게 amlodipine을 처방하였다.",
    "患者有2型糖尿病史，长期口服二甲双胍。",
    "The patient 😷 had a fever of 39 °C, then naïve T-cell counts fell.",
    "고혈압 환자에게 amlodipine을 처방하였다.",
)
LABELLED = (
    Labelled("a", TEXTS[0], "drug"),
    Labelled("b", TEXTS[1], "drug"),
    Labelled("c", TEXTS[2], "病史"),
    Labelled("d", TEXTS[3], "B-Multi-tissue_structure"),
    Labelled("e", LONG, "drug"),
)
PAIRS = tuple(
    Labelled(str(place), text, label, pair=other, group=f"g{place // 2}")
    for place, (text, other, label) in enumerate(
        [
            (TEXTS[0], "Is metformin used in diabetes?", "yes"),
            (LONG, "Is metformin used in diabetes?", "yes"),
            (TEXTS[2], "患者是否有糖尿病？", "no"),
            ("혈압이 140/90 mmHg이다.", "고혈압인가?", "no"),
        ]
    )
)
SETS = (
    Labelled("1_0", TEXTS[0], ("0", "3"), group="1"),
    Labelled("1_1", TEXTS[1], (), group="1"),
    Labelled("2_0", TEXTS[2], ("1",), group="2"),
)
NUMBERS = tuple(
    Labelled(str(place), text, number, pair=text[::-1])
    for place, (text, number) in enumerate(zip(TEXTS[:3], (0, 4, 1.5), strict=True))
)
ENGLISH = (
    entities(
        "Naloxone reverses the effect of clonidine in hypertensive rats .",
        ("Naloxone", "Chemical"),
        ("clonidine", "Chemical"),
        ("hypertensive", "Disease"),
        tokens=words("Naloxone reverses the effect of clonidine in hypertensive rats ."),
    ),
    entities(
        "IL-2 and IL-2 receptor rose .",
        ("IL-2", "B-Multi-tissue_structure"),
        ("IL-2 receptor", "B-Multi-tissue_structure", 0),
        tokens=words("IL-2 and IL-2 receptor rose ."),
    ),
    Annotated("none", "Nothing is marked here .", tokens=words("Nothing is marked here .")),
    entities("A feve\u0301r 😷 with 😷 cough", ("feve\u0301r", "Disease"), ("cough", "Disease")),
    entities(LONG, *[("aspirin", "Chemical", n) for n in range(29)], *[("asthma", "Disease", n) for n in range(29)]),
)
ADJACENT = Annotated(
    "pico",
    "adult asthma patients improved",
    tuple(Entity(*span, "PAR") for span in words("adult asthma patients improved")[:3]),
    tokens=words("adult asthma patients improved"),
)
CHINESE = (
    entities(
        "呼吸肌麻痹和肺炎、肺不张。", ("呼吸肌麻痹", "sym"), ("呼吸肌", "bod"), ("肺炎", "dis"), ("肺不张", "dis")
    ),
    entities("心肌 梗死😷的 患者", ("心肌 梗死", "dis"), ("心肌", "bod")),
)
KOREAN = (
    entities("고혈압과 당뇨병 환자", ("고혈압", "DS"), ("당뇨병", "DS"), tokens=tuple((i, i + 1) for i in range(11))),
    entities("천식 악화", ("천식", "DS")),
)

CASES = {
    "classification": (
        Case("single", {"use": "classification", "class_weights": "balanced"}, LABELLED),
        Case("pairs by group", {"use": "classification", "pair": True, "by_group": True}, PAIRS),
        Case(
            "marked",
            {"use": "classification", "tokens": ["@DRUG$"], "negative": "drug", "measure": "micro_f1"},
            LABELLED,
        ),
    ),
    "multi_label": (
        Case("rows", {"use": "multi_label"}, SETS),
        Case("documents", {"use": "multi_label", "by_group": True}, SETS),
    ),
    "regression": (Case("pairs", {"use": "regression"}, NUMBERS),),
    "tagging": (
        Case("words", {"use": "tagging"}, ENGLISH),
        Case("words of their own", {"use": "tagging", "measure": "macro_f1"}, (ADJACENT,)),
        Case(
            "two layers",
            {"use": "tagging", "unit": "character", "scheme": "bioes", "layers": [["sym"]], "broken": "drop"},
            CHINESE,
            lost=1,
        ),
        Case("characters", {"use": "tagging", "unit": "character"}, KOREAN),
        Case("pieces", {"use": "tagging", "unit": "piece"}, KOREAN[1:] + ENGLISH[3:4]),
    ),
}
