import gzip
import json
from pathlib import Path

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.examples import Answer, Entity
from medenc.data.placing import LOST, MOVED, SPELLED, UNITS
from medenc.data.reading import Rejects
from medenc.data.writing import cmeee_rows, cmeie_lines, conll_text, pubtator_text, squad_document


class Read:
    """What a reader makes of a file with some content."""

    def __init__(self, folder: Path, content, name="data.json", **options):
        self.path = folder / name
        if isinstance(content, str):
            self.path.write_text(content, encoding="utf-8", newline="")
        elif isinstance(content, bytes):
            self.path.write_bytes(content)
        else:
            self.path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        self.rejects = Rejects(max_ratio=1)
        self.rows = list(build("reader", options, "here").read(self.path, self.rejects))
        self.report = self.rejects.report()

    @property
    def parts(self):
        return self.report["parts"]


def json_lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def squad(*questions, context="Das 😀 TP53 gene, or p53.", **article):
    return {"data": [{"paragraphs": [{"context": context, "qas": list(questions)}], **article}]}


def question(id_="q1", *answers, **more):
    return {
        "id": id_,
        "question": "Which gene?",
        "answers": [{"text": t, "answer_start": s} for t, s in answers],
        **more,
    }


# SQuAD


def test_squad_answers_are_placed_in_code_points(tmp_path):
    read = Read(tmp_path, squad(question("q1", ("TP53", 6), ("p53", 20))), use="squad")
    (found,) = read.rows
    assert found.answers == (Answer("TP53", 6), Answer("p53", 20))
    assert found.context[found.answers[1].start : found.answers[1].end] == "p53"
    assert (found.title, found.accepted, found.impossible) == ("", ("TP53", "p53"), False)
    assert read.parts["repaired"] == {}


def test_squad_wrong_offsets_are_repaired_or_set_aside_and_never_lost(tmp_path):
    read = Read(
        tmp_path,
        squad(
            question("utf16", ("TP53", 7)),
            question("moved", ("gene", 3)),
            question("minus", ("p53", -1)),
            question("absent", ("BRCA1", -1)),
            question("case", ("Tp53 GENE", 6)),
        ),
        use="squad",
    )
    starts = {q.id: [a.start for a in q.answers] for q in read.rows}
    assert starts == {"utf16": [6], "moved": [11], "minus": [20], "absent": [], "case": [6]}
    assert {q.id: q.accepted for q in read.rows}["absent"] == ("BRCA1",)
    assert {q.id: q.answers[0].text for q in read.rows if q.answers}["case"] == "TP53 gene"
    assert read.parts["repaired"] == {UNITS: 1, MOVED: 2, SPELLED: 1}
    assert read.parts["set_aside"] == {LOST: 1}
    read.rejects.max_ratio = 0.1
    with pytest.raises(MedencError, match=r"data\.json:4: .*1 of 5 annotations"):
        read.rejects.finish()


def test_squad_without_title_answers_or_an_answer_to_give(tmp_path):
    test_question = {"id": 7, "question": "Unlabelled?"}
    impossible = {**question("q2"), "is_impossible": True}
    document = squad(test_question, impossible, title="T")
    document["data"].append(squad(question("q3", ("p53", 20)))["data"][0])
    rows = Read(tmp_path, document, use="squad").rows
    assert [(q.id, q.title, q.impossible, q.accepted) for q in rows] == [
        ("7", "T", False, ()),
        ("q2", "T", True, ()),
        ("q3", "", False, ("p53",)),
    ]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (squad(question("q1", ("x", 0)), context="  "), "an empty context"),
        (squad({"question": "?"}), "no 'id'"),
        (squad({"id": "q"}), "no 'question'"),
        (squad({"id": "q", "question": "?", "answers": [{"text": "x"}]}), "'answer_start' is not a whole number"),
        (squad({"id": "q", "question": "?", "answers": [{"text": "x", "answer_start": True}]}), "not a whole number"),
        (squad({"id": "q", "question": "?", "answers": "x"}), "'answers' is not a list of objects"),
        (squad(question("q", ("p53", 20), is_impossible=True)), "marked impossible, yet it has an answer"),
        (squad("not an object"), "expected a JSON object"),
        ({"data": [{"paragraphs": [{"context": "c"}]}]}, "without its list 'qas'"),
    ],
)
def test_squad_bad_records_are_counted_with_their_reason(tmp_path, document, reason):
    read = Read(tmp_path, document, use="squad")
    assert read.rows == []
    assert read.report["bad"] == 1
    assert reason in next(iter(read.report["reasons"]))


@pytest.mark.parametrize("document", [[], {"data": {}}, {"version": "1"}, {"data": [1]}, {"data": [{"title": "t"}]}])
def test_what_is_no_squad_is_refused(tmp_path, document):
    with pytest.raises(MedencError, match=r"data\.json"):
        Read(tmp_path, document, use="squad")


def test_squad_ids_come_once_unless_everything_is_the_same(tmp_path):
    read = Read(
        tmp_path, squad(question("q", ("p53", 20)), question("q", ("p53", 20)), question("q", ("TP53", 6))), use="squad"
    )
    assert (read.report["kept"], read.report["duplicates"], read.report["bad"]) == (1, 1, 1)


def test_squad_with_byte_order_mark_and_gzip(tmp_path):
    content = b"\xef\xbb\xbf" + json.dumps(squad(question("q", ("p53", 20)))).encode()
    assert len(Read(tmp_path, gzip.compress(content), "x.json.gz", use="squad").rows) == 1


def test_squad_in_lines(tmp_path):
    row = {"id": "a", "question": "?", "context": "a p53", "answers": {"text": ["p53"], "answer_start": [2]}}
    read = Read(tmp_path, json_lines(row, {**row, "id": "b", "answers": {"text": ["p53"]}}), use="squad_lines")
    assert [q.answers for q in read.rows] == [(Answer("p53", 2),)]
    assert read.report["reasons"] == {"'text' and 'answer_start' are not lists of one length": 1}


def test_squad_comes_back_from_its_writer(tmp_path):
    document = squad(question("q1", ("TP53", 6)), {**question("q2"), "is_impossible": True}, title="T")
    rows = Read(tmp_path, document, use="squad").rows
    assert Read(tmp_path, squad_document(rows), use="squad").rows == rows
    lost = Read(tmp_path, squad(question("q", ("BRCA1", 0))), use="squad").rows
    with pytest.raises(MedencError, match="question q: an answer that has no place"):
        squad_document(lost)


# MRQA, BioASQ, PubMedQA

MRQA = [
    {"header": {"dataset": "X", "split": "dev"}},
    *(
        {
            "context": f"[PAR] Context {i} says TP53.",
            "qas": [
                {
                    "qid": f"q{i}",
                    "question": "Which?",
                    "answers": ["TP53", "p53"],
                    "detected_answers": [
                        {"text": "TP53", "char_spans": [[21, 24]]},
                        {"text": "TP53", "char_spans": [[21, 24]]},
                    ],
                }
            ],
        }
        for i in range(3)
    ),
]


def test_mrqa_spans_count_their_end_in_and_repeated_answers_are_one(tmp_path):
    read = Read(tmp_path, json_lines(*MRQA), "x.jsonl", use="mrqa")
    assert [(q.id, q.answers, q.accepted) for q in read.rows] == [
        (f"q{i}", (Answer("TP53", 21),), ("TP53",)) for i in range(3)
    ]
    assert read.report["filtered"] == {"the header": 1}
    all_ = Read(tmp_path, json_lines(*MRQA), "x.jsonl", use="mrqa", accept="all")
    assert all_.rows[0].accepted == ("TP53", "p53")


def test_mrqa_halves_count_contexts_below_the_header(tmp_path):
    halves = tmp_path / "halves.json"
    halves.write_text('{"dev": [0, 2], "test": [1]}')
    for half, ids in (("dev", ["q0", "q2"]), ("test", ["q1"])):
        read = Read(tmp_path, json_lines(*MRQA), "x.jsonl", use="mrqa", halves=halves, half=half)
        assert [q.id for q in read.rows] == ids
        assert read.report["filtered"]["another half"] == 3 - len(ids)
    halves.write_text('{"dev": [0]}')
    with pytest.raises(MedencError, match="no list 'test'"):
        Read(tmp_path, json_lines(*MRQA), "x.jsonl", use="mrqa", halves=halves, half="test")


def test_bioasq_kinds_and_nestings(tmp_path):
    read = Read(
        tmp_path,
        {
            "questions": [
                {"id": "a", "type": "factoid", "body": "F?", "exact_answer": [["TP53", "p53"]], "documents": ["x/1"]},
                {"id": "b", "type": "factoid", "body": "F?", "exact_answer": ["TP53", "p53"]},
                {"id": "c", "type": "list", "body": "L?", "exact_answer": [["A", "aa"], ["B"]]},
                {"id": "d", "type": "list", "body": "L?", "exact_answer": ["A", "B"]},
                {
                    "id": "e",
                    "type": "yesno",
                    "body": "Y?",
                    "exact_answer": "Yes",
                    "snippets": [{"text": "s", "document": "x/1"}],
                },
                {"id": "f", "type": "summary", "body": "S?", "ideal_answer": ["long"]},
                {"id": "g", "type": "yesno", "body": "test?"},
                {"id": "h", "type": "yesno", "body": "Y?", "exact_answer": "maybe"},
                {"id": "i", "type": "other", "body": "?"},
            ]
        },
        use="bioasq",
    )
    assert {q.id: q.entries for q in read.rows if q.entries} == {
        "a": (("TP53", "p53"),),
        "b": (("TP53", "p53"),),
        "c": (("A", "aa"), ("B",)),
        "d": (("A",), ("B",)),
    }
    assert {q.id: q.decision for q in read.rows if q.kind == "yesno"} == {"e": "yes", "g": ""}
    assert read.report["bad"] == 2


def test_bioasq_yes_no_in_lines(tmp_path):
    rows = json_lines({"id": "a", "question": "Q?", "snippets": ["one", "two"], "label": "no"})
    (found,) = Read(tmp_path, rows, "x.jsonl", use="bioasq").rows
    assert (found.kind, found.decision, [s.text for s in found.snippets]) == ("yesno", "no", ["one", "two"])


def test_pubmedqa_leaves_the_long_answer_out_and_splits_by_ids(tmp_path):
    row = {"QUESTION": "Does it?", "CONTEXTS": ["One. ", " ", "Two."], "LONG_ANSWER": "Yes.", "final_decision": "yes"}
    document = {"1": row, "2": {**row, "final_decision": "perhaps"}, "3": {**row, "CONTEXTS": [" "]}, "4": row}
    (tmp_path / "test.json").write_text('{"1": "yes"}')
    read = Read(tmp_path, document, use="pubmedqa", without=tmp_path / "test.json")
    assert [(r.id, r.text, r.pair, r.label) for r in read.rows] == [("4", "Does it?", "One. Two.", "yes")]
    assert (read.report["bad"], read.report["filtered"]) == (2, {"another split": 1})
    assert [r.id for r in Read(tmp_path, document, use="pubmedqa", only=tmp_path / "test.json").rows] == ["1"]


# multiple choice


def medqa(letters="ABCD", answer="B", **more):
    return {"question": "Q?", "options": {x: f"option {x}" for x in letters}, "answer_idx": answer, **more}


def test_medqa_medmcqa_and_linkbert_tell_themselves_apart(tmp_path):
    medmcqa = {
        "id": "m",
        "question": "Q?",
        "opa": "a",
        "opb": "b",
        "opc": "c",
        "opd": "d",
        "cop": 4,
        "subject_name": "Anatomy",
    }
    linkbert = {
        "id": "train-00000",
        "sent1": "Q?",
        "sent2": "",
        **{f"ending{i}": f"e{i}" for i in range(4)},
        "label": 2,
    }
    read = Read(tmp_path, json_lines(medqa(), medmcqa, linkbert, {**medmcqa, "cop": None}), "x.jsonl", use="choices")
    assert [(c.id, c.label, c.options[c.label or 0]) for c in read.rows] == [
        ("x-1", 1, "option B"),
        ("m", 3, "d"),
        ("train-00000", 2, "e2"),
        ("m", None, "a"),
    ]
    assert read.rows[1].metadata == {"subject_name": "Anatomy"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (medqa("ABCDE"), "expected 4 options, found 5"),
        (medqa("ABC"), "expected 4 options, found 3"),
        (medqa(answer="E"), "'answer_idx' is none of the options"),
        (medqa(answer="BC"), "'answer_idx' is none of the options"),
        (medqa() | {"answer": "option A"}, "disagree"),
        (medqa() | {"options": {"A": "x", "C": "y"}}, "keys A, B, C"),
        (medqa() | {"options": {"A": "x", "B": " ", "C": "y", "D": "z"}}, "an empty option"),
        ({"question": "Q", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": 0}, "the right answer is none"),
        ({"question": "Q"}, "no 'sent1'"),
    ],
)
def test_wrong_choices_are_named(tmp_path, row, reason):
    read = Read(tmp_path, json_lines(row), "x.jsonl", use="choices")
    assert read.rows == []
    assert reason in next(iter(read.report["reasons"]))


def test_choices_by_other_conventions(tmp_path):
    assert Read(tmp_path, json_lines(medqa("ABCDE", "E")), "x.jsonl", use="choices", options=5).rows[0].label == 4
    zero = {"question": "Q", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": 0}
    assert Read(tmp_path, json_lines(zero), "x.jsonl", use="choices", first=0).rows[0].label == 0


def test_mmlu_with_line_feeds_and_doubled_quotes(tmp_path):
    content = '"A ""quoted"" word?\nSecond line",a,"b, c",d,e,B\r\nshort,row,A\nQ,a,b,c,d,E\nlast,a,b,c,d,D\n'
    read = Read(tmp_path, content, "college_medicine_val.csv", use="mmlu")
    assert [(c.id, c.label) for c in read.rows] == [("college_medicine_val-1", 1), ("college_medicine_val-4", 3)]
    assert read.rows[0].question == 'A "quoted" word?\nSecond line'
    assert read.rows[0].options == ("a", "b, c", "d", "e")
    assert read.rows[0].metadata == {"subject_name": "college_medicine"}
    assert [example.rpartition("/")[2] for example in read.report["examples"]] == [
        "college_medicine_val.csv:3: expected 6 columns, found 3",
        "college_medicine_val.csv:4: the last column is none of A, B, C, D",
    ]


# entities


def test_conll_of_words(tmp_path):
    content = (
        "-DOCSTART- (1)\r\n\r\nHigh NN O O\r\nfever NN O I-SYM\r\nin NN O O\r\n"
        "B NN O B-Multi-tissue_x\r\n\r\n\r\nAspirin NN O B-DRU\r\n"
    )
    rows = Read(tmp_path, content, "dev.txt", use="conll").rows
    assert [(r.id, r.text) for r in rows] == [("dev-1", "High fever in B"), ("dev-2", "Aspirin")]
    assert rows[0].entities == (Entity(5, 10, "SYM"), Entity(14, 15, "Multi-tissue_x"))
    assert rows[0].tokens == ((0, 4), (5, 10), (11, 13), (14, 15))


def test_conll_of_korean_characters_with_spaces_as_tokens_and_comments(tmp_path):
    content = (
        "## 주석 : ##\n## 컬럼명 : CHAR\tNE_TAG\n## ner_00000\t<고혈압:DIS> 약 #1\n"
        "고\tB-DIS\n혈\tI-DIS\n압\tI-DIS\n \tO\n약\tO\n \tO\n#\tO\n1\tB-QT\n\n"
        "## ner_00001\t...\n#\tB-X\n#\tO\n"
    )
    rows = Read(tmp_path, content, "klue.tsv", use="conll", joined_by="").rows
    assert [(r.id, r.text) for r in rows] == [("ner_00000", "고혈압 약 #1"), ("ner_00001", "##")]
    assert rows[0].entities == (Entity(0, 3, "DIS"), Entity(7, 8, "QT"))


def test_conll_of_chinese_characters_with_underscores(tmp_path):
    rows = Read(tmp_path, "头 B_body\n痛 O\n　 O\n😀 O\n癌 S_疾病\n", use="conll", joined_by="").rows
    assert rows[0].text == "头痛　😀癌"
    assert [rows[0].text[e.start : e.end] for e in rows[0].entities] == ["头", "癌"]
    assert rows[0].entities[1].label == "疾病"


def test_conll_bare_tags_single_columns_and_words_of_their_own(tmp_path):
    content = "BRCA1\tB\ngene\tI\nis\tO\n"
    assert Read(tmp_path, content, use="conll").rows[0].entities == (Entity(0, 10, "entity"),)
    assert Read(tmp_path, content, use="conll", unnamed="gene").rows[0].entities[0].label == "gene"
    each = Read(tmp_path, content, use="conll", each_word=True).rows[0].entities
    assert each == (Entity(0, 5, "entity"), Entity(6, 10, "entity"))
    assert Read(tmp_path, "BRCA1\nis\n", use="conll").rows[0].text == "BRCA1 is"
    tokens = Read(tmp_path, "##\tB\nx\tO\n", use="conll", comment="").rows[0]
    assert tokens.text == "## x"


@pytest.mark.parametrize("sentence", ["a\tO\nb\n", "a\tX-y\n", "a\tb\tc\td\tO\n", "a\t\n", "\tO\n"])
def test_conll_bad_sentences_are_set_aside_whole(tmp_path, sentence):
    read = Read(tmp_path, f"good\tO\n\n{sentence}\ngood\tB-x\n", use="conll")
    assert [r.text for r in read.rows] == ["good", "good"]
    assert read.report["examples"][0].startswith(f"{read.path}:3: ")


def test_conll_comes_back_from_its_writer(tmp_path):
    content = "High\tO\nfever\tB-Multi-x_y\nnow\tI-Multi-x_y\n\n약\tB-DRU\n"
    rows = Read(tmp_path, content, use="conll").rows
    assert conll_text(rows) == content
    assert Read(tmp_path, conll_text(rows, "_"), use="conll").rows == rows


def test_tokens_in_json_lines(tmp_path):
    rows = json_lines(
        {"id": "0", "tokens": ["BRCA1", "gene"], "ner_tags": ["B", "I"]},
        {"tokens": ["x"], "ner_tags": ["B", "I"]},
        {"tokens": [], "ner_tags": []},
        {"tokens": ["plain"]},
    )
    read = Read(tmp_path, rows, "dev.json", use="tokens", unnamed="gene")
    assert [(r.id, r.text, r.entities) for r in read.rows] == [
        ("0", "BRCA1 gene", (Entity(0, 10, "gene"),)),
        ("dev-4", "plain", ()),
    ]
    assert read.report["bad"] == 2


PUBTATOR = (
    "\n1|t|Fever and cough.\n1|a|Aspirin for fever & pain.\n1\t0\t5\tFever\tDisease\tD1\n"
    "1\t17\t24\tAspirin\tChemical\tC1|C2\n1\t29\t34\tfever  \tDisease\tD1\n1\t3\t9\tzoster\tDisease\tD9\n"
    "1\tCID\tC1\tD1\n\n"
    "2|t|Only a title\n\n3|a|no title\n\n4|t|t\n4|a|a\n4\tx\n"
)


def test_pubtator(tmp_path):
    read = Read(tmp_path, PUBTATOR, "x.txt", use="pubtator")
    first = read.rows[0]
    assert first.text == "Fever and cough. Aspirin for fever & pain."
    assert first.entities == (
        Entity(0, 5, "Disease", "D1"),
        Entity(17, 24, "Chemical", "C1|C2"),
        Entity(29, 34, "Disease", "D1"),
    )
    assert first.links == (("CID", "C1", "D1"),)
    assert [r.id for r in read.rows] == ["1", "2"]
    assert read.parts["set_aside"] == {LOST: 1}
    assert read.parts["examples"][-1].startswith(f"{read.path}:7: ")
    assert read.report["bad"] == 2
    written = pubtator_text(read.rows[:1], title_end=16)
    assert Read(tmp_path, written, "y.txt", use="pubtator").rows == [first]


def test_cmeee_keeps_nested_entities_and_either_kind_of_end(tmp_path):
    text = "呼吸肌麻痹和呼吸中枢受累患者因呼吸不畅可并发肺炎、肺不张等。"
    entities = [
        (0, 4, "sym", "呼吸肌麻痹"),
        (0, 2, "bod", "呼吸肌"),
        (6, 11, "sym", "呼吸中枢受累"),
        (22, 24, "dis", "肺炎"),
    ]
    record = {
        "text": text,
        "entities": [dict(zip(("start_idx", "end_idx", "type", "entity"), e, strict=True)) for e in entities],
    }
    read = Read(tmp_path, [record, {"text": "无"}], "CMeEE_dev.json", use="cmeee")
    assert read.rows[0].spans == {(0, 5, "sym"), (0, 3, "bod"), (6, 12, "sym"), (22, 24, "dis")}
    assert (read.rows[1].id, read.rows[1].entities) == ("CMeEE_dev-2", ())
    assert read.parts["repaired"] == {}
    assert cmeee_rows(read.rows)[0]["entities"] == [*record["entities"][:3], {**record["entities"][3], "end_idx": 23}]
    assert Read(tmp_path, cmeee_rows(read.rows), "CMeEE_dev.json", use="cmeee").rows == read.rows


def test_cmeie_keeps_triples_that_have_no_place(tmp_path):
    def triple(subject, predicate, target, kind="疾病"):
        return {
            "Combined": False,
            "predicate": predicate,
            "subject": subject,
            "subject_type": "疾病",
            "object": {"@value": target},
            "object_type": {"@value": kind},
        }

    row = {
        "text": "糖尿病@糖尿病肾病，ALT升高。",
        "spo_list": [triple("糖尿病", "并发症", "糖尿病肾病"), triple("糖尿病", "实验室检查", "血脂")],
    }
    read = Read(tmp_path, json_lines(row, {"text": "无关系", "spo_list": []}), "CMeIE_dev.json", use="cmeie")
    first = read.rows[0]
    assert [t.strings for t in first.triples] == [("糖尿病", "并发症", "糖尿病肾病"), ("糖尿病", "实验室检查", "血脂")]
    assert first.triples[0].subject_span == (0, 3)
    assert first.triples[0].object_span == (4, 9)
    assert (first.triples[1].subject_span, first.triples[1].object_span) == ((0, 3), None)
    assert first.spans == {(0, 3, "疾病"), (4, 9, "疾病")}
    assert sum(read.parts["set_aside"].values()) == 1
    assert Read(tmp_path, cmeie_lines(read.rows), "CMeIE_dev.json", use="cmeie").rows == read.rows


def test_chip_cdn_terms(tmp_path):
    rows = [
        {"text": "右肺结节转移可能大", "normalized_result": '"肺占位性病变"##肺继发恶性肿瘤##肺占位性病变'},
        {"text": "测试", "normalized_result": ""},
        {"normalized_result": "x"},
    ]
    read = Read(tmp_path, rows, "CHIP-CDN_train.json", use="chip_cdn")
    assert [r.label for r in read.rows] == [("肺占位性病变", "肺继发恶性肿瘤"), None]
    assert read.report["bad"] == 1


def test_mentions_with_offsets_as_strings(tmp_path):
    row = {
        "text": "做tct检查，tct好。",
        "mention_data": [
            {"mention": "TCT", "type": "test", "offset": "1"},
            {"mention": "检查", "type": "test", "offset": "5"},
            {"mention": "核磁", "type": "test", "offset": "5"},
        ],
    }
    read = Read(tmp_path, json_lines(row), use="mentions")
    assert read.rows[0].entities == (Entity(1, 4, "test"), Entity(4, 6, "test"))
    assert read.parts["repaired"] == {SPELLED: 1, MOVED: 1}
    assert read.parts["set_aside"] == {LOST: 1}


def test_diakg_sentences_with_triples(tmp_path):
    def entity(id_, words, kind, start):
        return {
            "entity_id": id_,
            "entity": words,
            "entity_type": kind,
            "start_idx": start,
            "end_idx": start + len(words),
        }

    def relation(head, tail):
        return {"relation_type": "Drug_Disease", "relation_id": "R", "head_entity_id": head, "tail_entity_id": tail}

    sentence = {
        "sentence_id": "1",
        "sentence": "胰岛素治2型糖尿病",
        "start_idx": 9,
        "entities": [
            entity("T0", "2型糖尿病", "Disease", 4),
            entity("T1", "2型", "Class", 4),
            entity("T2", "胰岛素", "Drug", 0),
        ],
        "relations": [relation("T2", "T0"), relation("T2", "T9")],
    }
    document = {
        "doc_id": "1",
        "paragraphs": [{"paragraph_id": "0", "sentences": [sentence, {"sentence_id": "2", "sentence": " "}]}],
    }
    read = Read(tmp_path, document, use="diakg")
    (found,) = read.rows
    assert found.id == "1-0-1"
    assert found.spans == {(4, 9, "Disease"), (4, 6, "Class"), (0, 3, "Drug")}
    assert [(t.strings, t.subject_type, t.object_span) for t in found.triples] == [
        (("胰岛素", "Drug_Disease", "2型糖尿病"), "Drug", (4, 9))
    ]
    assert read.parts["set_aside"] == {"a relation of an entity that is not there": 1}
    assert read.report["bad"] == 1
    with pytest.raises(MedencError, match="not a document of DiaKG"):
        Read(tmp_path, {"doc_id": "1", "paragraphs": [{"sentences": []}]}, use="diakg")


# labels


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "s1", "text1": "甲", "text2": "乙", "label": "1", "category": "diabetes"}, ("s1", "甲", "乙", "1")),
        ({"id": "s2", "query": "甲", "title": "乙", "label": "3"}, ("s2", "甲", "乙", "3")),
        ({"id": "s3", "query1": "甲", "query2": "乙", "label": "NA"}, ("s3", "甲", "乙", "NA")),
        ({"id": "s4", "query": "甲", "label": "病情诊断"}, ("s4", "甲", "", "病情诊断")),
        ({"id": "s5", "text": " 年龄&gt;18", "label": "Age"}, ("s5", "年龄&gt;18", "", "Age")),
        ({"guid": "k", "premise": "가", "hypothesis": "나", "gold_label": "neutral"}, ("k", "가", "나", "neutral")),
        ({"sentence": "x", "label": 0}, ("dev-1", "x", "", "0")),
        ({"sentence": "x", "label": [0, 1, 1]}, ("dev-1", "x", "", ("1", "2"))),
        ({"sentence": "x", "label": [0, 0]}, ("dev-1", "x", "", ())),
        ({"sentence": "x", "label": ["a"]}, ("dev-1", "x", "", ("a",))),
        ({"sentence": "x", "label": ""}, ("dev-1", "x", "", None)),
        ({"sentence": "x"}, ("dev-1", "x", "", None)),
    ],
)
def test_labelled_fields_by_their_usual_names(tmp_path, row, expected):
    for content in ([row], json_lines(row)):
        (found,) = Read(tmp_path, content, "dev.json", use="labelled").rows
        assert (found.id, found.text, found.pair, found.label) == expected


def test_labelled_options(tmp_path):
    row = {"a": "x", "b": "y", "rel": "NA", "category": "aids", "label": "2.5"}
    read = Read(tmp_path, [row], use="labelled", text="a", pair="b", label="rel", rename={"NA": "0"})
    assert (read.rows[0].text, read.rows[0].pair, read.rows[0].label) == ("x", "y", "0")
    assert read.rows[0].metadata == {"category": "aids"}
    assert Read(tmp_path, [row], use="labelled", text="a", regression=True).rows[0].label == 2.5


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"body": "x"}, "no text under any of the usual names"),
        ({"text": " ", "label": "a"}, "an empty text"),
        ({"text1": "x", "text2": "", "label": "a"}, "an empty text"),
        ({"text": "x", "label": {}}, "neither a word nor"),
        ({"text": "x", "label": [0, 2]}, "neither words nor 0 and 1"),
        ({"text": "x", "label": 0.5}, "neither a word nor"),
    ],
)
def test_labelled_bad_rows(tmp_path, row, reason):
    read = Read(tmp_path, [row], use="labelled")
    assert reason in next(iter(read.report["reasons"]))


def test_tsv_takes_quotes_as_text_and_leaves_a_header_out(tmp_path):
    content = 'index\tsentence\tlabel\n1\tthe "open quote\tfalse\n2\t@CHEMICAL$ acts on @GENE$\tCPR:4\n3\tshort\n'
    read = Read(tmp_path, content, "chemprot.tsv", use="tsv", negative="false")
    assert [(r.id, r.text, r.label) for r in read.rows] == [
        ("1", 'the "open quote', "0"),
        ("2", "@CHEMICAL$ acts on @GENE$", "CPR:4"),
    ]
    assert (read.report["filtered"], read.report["bad"]) == ({"a header": 1}, 1)


def test_tsv_pairs_scores_and_headers(tmp_path):
    pairs = Read(tmp_path, "1\t甲\t乙\n", "dev.txt", use="tsv", columns=["label", "text", "pair"])
    assert (pairs.rows[0].id, pairs.rows[0].text, pairs.rows[0].pair, pairs.rows[0].label) == ("dev-1", "甲", "乙", "1")
    scores = Read(
        tmp_path,
        "s1\ts2\tscore\na\tb\t3.4\na\tb\tnan\n",
        use="tsv",
        columns=["text", "pair", "label"],
        header=True,
        regression=True,
    )
    assert [r.label for r in scores.rows] == [3.4]
    assert scores.report["reasons"] == {"the label is not a finite number": 1}
    assert Read(tmp_path, "x\tskip\n", use="tsv", columns=["text", "-"]).rows[0].label is None


HOC = "0_1,1_0,2_0\tOne.\t12_1\n0_0,1_0,2_1\tTwo.\t12_2\n0_0,1_0,2_0\tThree.\t13_1\nbad\tFour.\t13_2\n"


def test_hoc_by_abstract_and_by_sentence(tmp_path):
    read = Read(tmp_path, HOC, "hoc.tsv", use="hoc")
    assert [(r.id, r.text, r.label) for r in read.rows] == [("12", "One. Two.", ("0", "2")), ("13", "Three.", ())]
    assert read.report["bad"] == 1
    sentences = Read(tmp_path, HOC, "hoc.tsv", use="hoc", level="sentence").rows
    assert [(r.id, r.group, r.label) for r in sentences] == [
        ("12_1", "12", ("0",)),
        ("12_2", "12", ("2",)),
        ("13_1", "13", ()),
    ]


# files


def test_a_document_longer_than_a_line_may_be(tmp_path):
    document = squad(question("q", ("p53", 20)), title="x" * 9 * 2**20)
    assert Read(tmp_path, document, use="squad").rows[0].id == "q"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"data": [', r"data\.json:1: not JSON"),
        (b'{"data":\n [NaN]}', r"data\.json: not JSON: a number"),
        ('{"data": "고혈압 당뇨병"}'.encode("cp949"), r"the bytes look like cp949"),
        (b"[" * 100_000, "nesting out of range"),
    ],
)
def test_broken_documents_name_their_fault(tmp_path, content, message):
    with pytest.raises(MedencError, match=message):
        Read(tmp_path, content, use="squad")
