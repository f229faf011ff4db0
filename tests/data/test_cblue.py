"""The leaderboard's files."""

import json

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.cblue import FIELDS, write_submission
from medenc.data.reading import Rejects

LABEL = {"label": "0", "probabilities": {"0": 1.0}}
ANSWERS = {
    "CMeEE": {"entities": [{"start": 0, "end": 2, "label": "dis", "text": "肺炎", "score": 0.5}]},
    "CMeIE": {"triples": [{"subject": "肺炎", "predicate": "病因", "object": "细菌"}]},
    "CHIP-CDN": {"terms": ["肺炎", "高血压"]},
}
FILLED = {
    "CMeEE": [{"start_idx": 0, "end_idx": 1, "type": "dis", "entity": "肺炎"}],
    "CMeIE": "肺炎",
    "CHIP-CDN": "肺炎##高血压",
}
ROWS = {
    "CMeEE": {"text": "肺炎由细菌引起"},
    "CMeIE": {"text": "肺炎由细菌引起"},
    "CHIP-CDN": {"text": "肺部感染伴高血压"},
    "CHIP-STS": {"id": "7", "text1": "a", "text2": "b", "label": "", "category": "diabetes"},
    "CHIP-CTC": {"id": "7", "text": "a", "label": ""},
    "KUAKE-QIC": {"id": 7, "query": "a"},
    "KUAKE-QTR": {"id": "7", "query": "a", "title": "b"},
    "KUAKE-QQR": {"id": "7", "query1": "a", "query2": "b"},
}


def test_all_eight_tasks():
    assert set(ROWS) == set(FIELDS)


@pytest.mark.parametrize("task", ROWS)
def test_the_test_file_comes_back_with_answers(task, tmp_path):
    rows = [ROWS[task], ROWS[task] | ({"id": "8"} if "id" in ROWS[task] else {})]
    name = "CMeIE_test.jsonl" if task == "CMeIE" else f"{task}_test.json"
    lines = "\n".join(json.dumps(row) for row in rows) if task == "CMeIE" else json.dumps(rows)
    (tmp_path / name).write_text(lines, encoding="utf-8")
    (tmp_path / "out").mkdir()
    stem = name.split(".")[0]
    ids = ("7", "8") if "id" in ROWS[task] else (f"{stem}-1", f"{stem}-2")
    answers = dict.fromkeys(ids, ANSWERS.get(task, LABEL))
    text = write_submission(task, tmp_path / name, answers, tmp_path / "out").read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.splitlines()] if task == "CMeIE" else json.loads(text)
    assert [{key: row[key] for key in ROWS[task] if key != "label"} for row in found] == [
        {key: value for key, value in row.items() if key != "label"} for row in rows
    ]
    field = found[0][FIELDS[task][0]]
    assert (field[0]["subject"] if task == "CMeIE" else field) == FILLED.get(task, "0")


def test_a_reader_reads_what_was_written(tmp_path):
    (tmp_path / "CMeEE_test.json").write_text(json.dumps([ROWS["CMeEE"]]), encoding="utf-8")
    (tmp_path / "out").mkdir()
    path = write_submission("CMeEE", tmp_path / "CMeEE_test.json", {"CMeEE_test-1": ANSWERS["CMeEE"]}, tmp_path / "out")
    (row,) = build("reader", {"use": "cmeee"}, "here").read(path, Rejects())
    assert row.spans == {(0, 2, "dis")}


def test_a_record_without_an_answer_is_named(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps([{"id": "1"}, {"id": "2"}]), encoding="utf-8")
    with pytest.raises(MedencError, match=r"x\.json:2: no answer"):
        write_submission("KUAKE-QIC", tmp_path / "x.json", {"1": LABEL}, tmp_path)
    with pytest.raises(MedencError, match="did you mean 'KUAKE-QIC'"):
        write_submission("KUAKE-IC", tmp_path / "x.json", {}, tmp_path)
