"""Rows for every task, written for these tests: three scripts, emoji, combining marks, nested entities, long texts."""

from dataclasses import dataclass
from typing import Any

from medenc.core.plugins import build
from medenc.data.examples import Annotated, Answer, Choice, Entity, Labelled, Question, Triple


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


def question(id_, asked, context, *answers, **more):
    """A question; every answer is words of the context, of which the first occurrence is meant."""
    placed = tuple(Answer(answer, context.index(answer)) for answer in answers)
    return Question(id_, asked, context, placed, answers, **more)


NESTED = (
    Annotated("twice", "lung cancer", (Entity(0, 11, "Disease"), Entity(0, 11, "Finding"), Entity(0, 4, "Organ"))),
    entities("A B C", ("A B", "X"), ("B C", "X"), ("A B C", "X")),
    entities(LONG, *[("raised on day", "X", n) for n in range(29)], *[("day", "Y", n) for n in range(29)]),
)
QUESTIONS = (
    question("q1", "Which drug?", TEXTS[0], "Metformin", group="g1"),
    question("q2", "What was raised on day 27?", LONG + " Then, on the last day, 😷 it was stopped.", "stopped"),
    question("q3", "어떤 약을 처방하였나?", "e\u0301 " + TEXTS[1], "처방하였다"),
    question("q4", "患者长期口服什么？", TEXTS[2], "二甲双胍", "2型糖尿病"),
)
SILENT = question("q5", "Which gene?", LONG, impossible=True)
EMPTY = question("q6", "Which gene?", "", impossible=True)
MERGED = tuple(
    question(
        f"61f58ef3882a024a1000000b_{place:03d}", "Which drug?", text, "Metformin" if "Met" in text else "metformin"
    )
    for place, text in enumerate((TEXTS[0], "It was metformin that helped.", LONG + " Later, metformin was tried."))
)
CHOICES = (
    Choice("c1", "Which drug lowers the blood sugar?", ("Metformin", "Aspirin", "Warfarin", "Heparin"), 0),
    Choice("c2", "患者长期口服什么？", ("二甲双胍", "阿司匹林"), 1, context=TEXTS[2]),
    Choice("c3", "Which drug was raised?", ("None", "Metformin", "Aspirin", "All", "Heparin"), 2, context=LONG),
)
ALIKE = (  # options that their letters alone tell apart
    Choice("a1", "Which drug was raised?", ("Aspirin", "Aspirin", "Aspirin"), 2),
    Choice("a2", "어떤 약을 처방하였나?", ("amlodipine", "amlodipine"), 1),
)


def triple(text, subject, predicate, target):
    """A triple of words of a text, placed at their first occurrences."""
    spans = [(text.index(side), text.index(side) + len(side)) for side in (subject, target)]
    return Triple(subject, predicate, target, *spans, "病", "病")


def related(text, *found):
    """A text with its triples."""
    placed = tuple(triple(text, *each) for each in found)
    sides = {(span, "病") for t in placed for span in (t.subject_span, t.object_span)}
    return Annotated(text[:6], text, tuple(Entity(*span, label) for span, label in sorted(sides)), placed)


TRIPLES = (
    related(
        "2型糖尿病足可由糖尿病引起 😷。",
        ("2型糖尿病足", "病因", "糖尿病"),  # one side inside the other
        ("2型糖尿病", "并发症", "2型糖尿病足"),  # both sides begin with one unit
        ("2型糖尿病", "相关（导致）", "2型糖尿病足"),
    ),
    related("Aspirin prevents stroke and fever .", ("Aspirin", "treats", "fever"), ("Aspirin", "prevents", "stroke")),
    Annotated("no triple", "Nothing here ."),
)
DIAGNOSES = (
    Labelled("d1", "右肺癌伴淋巴结转移", ("肺恶性肿瘤", "淋巴结继发恶性肿瘤")),
    Labelled("d2", "2型糖尿病", ("非胰岛素依赖型糖尿病",)),
    Labelled("d3", "HTN 3级", ("高血压病3级",)),
    Labelled("d4", "ＤＭ", ("糖尿病",)),
)

CASES = {
    "entity_spans": (
        Case("characters", {"use": "entity_spans", "unit": "character", "threshold": 3}, CHINESE + KOREAN + NESTED),
        Case("words", {"use": "entity_spans"}, ENGLISH),
        Case("pieces", {"use": "entity_spans", "unit": "piece", "threshold": 3}, NESTED),
        Case("known names", {"use": "entity_spans", "mark_names": True}, ENGLISH),
    ),
    "extractive_qa": (
        Case("SQuAD 2", {"use": "extractive_qa"}, (*QUESTIONS, SILENT, EMPTY)),
        Case(
            "SQuAD 1.1 by step",
            {
                "use": "extractive_qa",
                "no_answer": False,
                "doc_stride": 7,
                "doc_stride_is": "step",
                "max_context": True,
                "unit": "character",
            },
            QUESTIONS,
        ),
        Case("joint", {"use": "extractive_qa", "head": "joint"}, (*QUESTIONS, SILENT)),
        Case("shared words", {"use": "extractive_qa", "mark_shared": True}, (*QUESTIONS, SILENT, EMPTY)),
        Case(
            "joint, shared words", {"use": "extractive_qa", "mark_shared": True, "head": "joint"}, (*QUESTIONS, SILENT)
        ),
        Case(
            "the sentences most like the question",
            {
                "use": "extractive_qa",
                "mark_shared": True,
                "mark_sentences": 3,
                "most_windows": 99,
                "choose": "expected_f1",
            },
            (*QUESTIONS, SILENT, EMPTY),
        ),
        Case("factoid", {"use": "extractive_qa", "merge": "factoid"}, MERGED),
    ),
    "classification": (
        Case("single", {"use": "classification", "class_weights": "balanced"}, LABELLED),
        Case(
            "windows", {"use": "classification", "overlap": 6}, (*LABELLED, Labelled("long", LONG, LABELLED[0].label))
        ),
        Case("pairs by group", {"use": "classification", "pair": True, "by_group": True}, PAIRS),
        Case("shared words", {"use": "classification", "pair": True, "mark_shared": True}, PAIRS),
        Case(
            "marked",
            {"use": "classification", "tokens": ["@DRUG$"], "negative": "drug", "measure": "micro_f1"},
            LABELLED,
        ),
    ),
    "multiple_choice": (
        Case("any number of options", {"use": "multiple_choice"}, CHOICES),
        Case("four options", {"use": "multiple_choice", "options": 4}, CHOICES[:1]),
        Case("letters", {"use": "multiple_choice", "letters": True}, (*CHOICES, *ALIKE)),
    ),
    "term_normalization": (
        Case("all probable", {"use": "term_normalization"}, DIAGNOSES),
        Case("as many as are joined", {"use": "term_normalization", "count": "joined"}, DIAGNOSES),
    ),
    "triples": (
        Case("linked", {"use": "triples", "threshold": 3}, TRIPLES),
        Case("known names", {"use": "triples", "threshold": 3, "mark_names": True}, TRIPLES),
        Case("linked, words", {"use": "triples", "threshold": 3, "unit": "word"}, TRIPLES[1:]),
        Case("published", {"use": "triples", "threshold": 3, "scheme": "published"}, TRIPLES, lost=3),
        Case("known triples", {"use": "triples", "mark_names": True, "recall_triples": True}, TRIPLES),
    ),
    "relation": (
        Case("pairs", {"use": "relation"}, TRIPLES, lost=1),  # two relations of one pair
        Case("of some labels", {"use": "relation", "between": [["病", "病"]], "none_weight": 0.5}, TRIPLES[1:]),
        Case("by the openings", {"use": "relation", "decide": "starts"}, TRIPLES, lost=1),
    ),
    "multi_label": (
        Case("rows", {"use": "multi_label"}, SETS),
        Case("documents", {"use": "multi_label", "by_group": True}, SETS),
    ),
    "regression": (Case("pairs", {"use": "regression"}, NUMBERS),),
    "tagging": (
        Case("words", {"use": "tagging"}, ENGLISH),
        Case("known names", {"use": "tagging", "mark_names": True, "broken": "avoid"}, ENGLISH),
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
