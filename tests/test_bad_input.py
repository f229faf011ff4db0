"""Wrong lines of dictionaries and judgements: one clear line on the command line, and nothing written."""

import json

import pytest

from medenc.cli import main
from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.reading import Rejects
from medenc.data.sources import read_names


@pytest.fixture
def folder(tmp_path):
    """A BEIR folder without a mistake."""
    (tmp_path / "qrels").mkdir()
    lines(tmp_path / "corpus.jsonl", [{"_id": "p1", "text": "고혈압은 흔하다."}, {"_id": "p2", "text": "糖尿病"}])
    lines(tmp_path / "queries.jsonl", [{"_id": "q1", "text": "고혈압"}, {"_id": "q2", "text": "糖尿病"}])
    (tmp_path / "qrels" / "train.tsv").write_text("q1\tp1\t1\n")
    (tmp_path / "qrels" / "test.tsv").write_text("q2\tp2\t1\n")
    return tmp_path


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def said(capsys, monkeypatch, *arguments):
    """What the command says when it fails: one line."""
    monkeypatch.setattr("sys.argv", ["medenc", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "C1||고혈압\nC2||a||b\n",
            "terms.txt:2: expected 2 columns separated by '||', found 3; 1 of 2 records are bad",
        ),
        ("C1||a||b\nC2||a||b||c\n", "terms.txt:2: expected 3 columns separated by '||', found 4; 1 of 2 records"),
        ("C1||고혈압\nC2||\n", "terms.txt:2: column 2 is empty; 1 of 2 records are bad"),
        ("C1||고혈압\nC2||당뇨병\n".encode("cp949"), "terms.txt:1: the bytes look like cp949 (convert it (iconv"),
        ("code\teng\nC1||고혈압\n".encode("cp949"), "the bytes look like cp949"),
    ],
)
def test_a_dictionary_with_a_wrong_line_is_named(folder, capsys, monkeypatch, content, message):
    terms = folder / "terms.txt"
    terms.write_bytes(content if isinstance(content, bytes) else content.encode())
    error = said(capsys, monkeypatch, "index", folder, "--out", folder / "index", "--terms", terms)
    assert message in error
    assert not (folder / "index").exists()


def test_a_dictionary_in_cp949_is_read_when_it_is_said(tmp_path):
    (tmp_path / "terms.txt").write_bytes("C1||고혈압\nC2||당뇨병\n".encode("cp949"))
    assert [name.term for name in read_names(tmp_path / "terms.txt", encoding="cp949")] == ["고혈압", "당뇨병"]


def test_one_wrong_term_in_many_is_counted_and_loses_no_other(tmp_path):
    (tmp_path / "terms.txt").write_text("".join(f"C{n}||term {n}\n" for n in range(200)) + "C200||a||b\n")
    rejects = Rejects()
    assert len(read_names(tmp_path / "terms.txt", rejects)) == 200
    assert rejects.report()["examples"][0].endswith("terms.txt:201: expected 2 columns separated by '||', found 3")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("q2\tp9\t1", "test.tsv:2: a judgement of a passage that is not in the corpus"),
        ("q9\tp1\t1", "test.tsv:2: a judgement of a query that is not among the queries"),
        ("q2\tp1", "test.tsv:2: expected query-id corpus-id score, found 2 columns"),
    ],
)
def test_a_judgement_of_nothing_is_named(folder, capsys, monkeypatch, row, message):
    said_of = indexed(folder)
    with (folder / "qrels" / "test.tsv").open("a") as file:
        file.write(row + "\n")
    assert message in said(capsys, monkeypatch, "evaluate", said_of, folder, "--out", folder / "report")
    assert not (folder / "report").exists()


def test_a_positive_of_zero_length_is_named(folder, capsys, monkeypatch):
    index = indexed(folder)
    lines(folder / "corpus.jsonl", [{"_id": "p1", "text": " "}, {"_id": "p2", "text": "糖尿病"}])
    for command in (["evaluate", index, folder], ["mine", index, folder]):
        error = said(capsys, monkeypatch, *command, "--out", folder / "out")
        assert "corpus.jsonl:1: an empty text; 1 of " in error
    with pytest.raises(MedencError, match=r"corpus.jsonl:1: an empty text; 1 of \d+ records are bad"):
        list(build("reader", {"use": "pairs"}, "x").read(folder, Rejects()))


def indexed(folder):
    from medenc import api

    api.index_files([folder], folder / "made")
    return folder / "made"


def test_concepts_with_one_name_are_counted_and_all_others_are_learned_from(tmp_path):
    (tmp_path / "terms.txt").write_text("C1||고혈압\nC1||hypertension\nC2||당뇨병\n")
    tokenizer = build("step", {"use": "tokenizer", "texts": [tmp_path / "terms.txt"], "vocab_size": 100}, "x")
    with writing(tmp_path / "tokenizer", "tokenizer", options={}) as draft:
        tokenizer.run(draft)
    assert trained(tmp_path, "terms.txt")["concepts_with_one_name"] == 1
    (tmp_path / "single.txt").write_text("C1||고혈압\nC2||당뇨병\n")
    with pytest.raises(MedencError, match="data: there is nothing to train on: the data gave no row"):
        trained(tmp_path, "single.txt")
    assert not (tmp_path / "single.txt.model").exists()


def trained(folder, terms):
    step = build(
        "step",
        {
            "use": "train",
            "start": {"size": "tiny"},
            "tokenizer": folder / "tokenizer",
            "encoder": {"max_tokens": 16},
            "objective": {"use": "self_alignment"},
            "data": [{"use": "names", "path": folder / terms}],
            "fit": {"max_steps": 1, "threads": 1},
            "backend": "none",
        },
        "x",
    )
    with writing(folder / f"{terms}.model", step.kind, options={}) as draft:
        step.run(draft)
    return open_artifact(folder / f"{terms}.model").manifest["numbers"]["data"]
