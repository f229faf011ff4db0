import gzip
import json

import pytest

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.data.readers.pairs import Pairs
from medenc.data.reading import Rejects
from medenc.data.records import Pair
from medenc.data.retrieval import load_beir, load_qrels, splits

HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.fixture
def folder(tmp_path):
    about = [{"about": "s0"}, {"about": "s1"}] * 2
    passages = [{"_id": f"p{i}", "title": "T", "text": f"text {i}", "metadata": m} for i, m in enumerate(about)]
    queries = [{"_id": f"q{i}", "text": f"query {i}", "metadata": {"language": "ko"}} for i in range(3)]
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, passages)).encode()))
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels/train.tsv").write_text(HEADER + "q1\tp1\t2\nq1\tp3\t1\nq1\tp0\t0\nq0\tp0\t1\n")
    (tmp_path / "qrels/test.tsv").write_text(HEADER + "q2\tp2\t1\n")
    return tmp_path


def test_a_split_has_all_passages_and_only_its_judged_queries(folder):
    data = load_beir(folder, "train")
    assert [p.id for p in data.passages] == ["p0", "p1", "p2", "p3"]
    assert [q.id for q in data.queries] == ["q0", "q1"]
    assert data.qrels == {"q1": {"p1": 2, "p3": 1, "p0": 0}, "q0": {"p0": 1}}
    assert data.queries[0].metadata == {"language": "ko"}
    assert data.reading["kept"] == 7
    assert splits(folder) == ["test", "train"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("q2\tp9\t1", "a judgement of a passage that is not in the corpus"),
        ("q9\tp1\t1", "a judgement of a query that is not among the queries"),
        ("q2\tp1", "expected query-id corpus-id score, found 2 columns"),
        ("q2\tp1\t1.5", "the grade is not an integer from 0"),
        ("q2\tp1\t-1", "the grade is not an integer from 0"),
        ("q2\tp2\t2", "another grade for this passage stands above"),
    ],
)
def test_a_wrong_judgement_is_an_error_at_its_line(folder, row, message):
    path = folder / "qrels/test.tsv"
    path.write_text(HEADER + f"q2\tp2\t1\n\n{row}\n")
    with pytest.raises(MedencError) as error:
        load_beir(folder, "test")
    assert str(error.value) == f"{path}:4: {message}"


def test_layouts(folder):
    with pytest.raises(MedencError, match=r"no split 'dev' \(splits here: test, train\)"):
        load_beir(folder, "dev")
    (folder / "corpus.jsonl").write_text("{}")
    with pytest.raises(MedencError, match=r"expected corpus.jsonl or corpus.jsonl.gz, found both"):
        load_beir(folder, "test")
    (folder / "corpus.jsonl").unlink()
    (folder / "qrels/test.tsv").rename(folder / "qrels.tsv")
    (folder / "qrels/train.tsv").unlink()
    (folder / "qrels").rmdir()
    assert load_beir(folder, "anything").qrels == {"q2": {"p2": 1}}


def test_judgements_with_or_without_header_and_of_trec(tmp_path):
    for content in ("q\tp\t1\n", HEADER + "q\tp\t1\r\n", "q 0 p 1\n", "q\t0\tp\t1"):
        (tmp_path / "q").write_text(content)
        assert load_qrels(tmp_path / "q") == {"q": {"p": 1}}
    (tmp_path / "q").write_text(HEADER)
    with pytest.raises(MedencError, match="no judgement"):
        load_qrels(tmp_path / "q")


def test_an_empty_or_repeated_query_is_bad(folder):
    with (folder / "queries.jsonl").open("a") as file:
        file.write('\n{"_id": "q1", "text": "again"}\n{"_id": "q7", "text": " "}')
    with pytest.raises(MedencError, match=r"queries.jsonl:4: the id is taken .*; 2 of 9 records are bad"):
        load_beir(folder, "test")
    assert len(load_beir(folder, "test", Rejects(max_ratio=0.5)).queries) == 1


def pairs(folder, **options):
    return list(build("reader", {"use": "pairs", **options}, "x").read(folder, Rejects()))


def test_pairs_of_a_split(folder):
    found = pairs(folder)
    relevant = frozenset({"p1", "p3"})
    assert found == [
        Pair("q0", "query 0", "p0", "T\ntext 0", positives=frozenset({"p0"})),
        Pair("q1", "query 1", "p1", "T\ntext 1", positives=relevant),
        Pair("q1", "query 1", "p3", "T\ntext 3", positives=relevant),
    ]
    assert [p.query_id for p in pairs(folder, split="test")] == ["q2"]


def test_pairs_by_grade_keep_every_relevant_passage_from_being_a_negative(folder):
    rejects = Rejects()
    found = list(Pairs(min_grade=2).read(folder, rejects))
    assert [(p.passage_id, p.positives) for p in found] == [("p1", {"p1", "p3"})]
    assert rejects.filters == {"a query without an answer of the least grade": 1}


def test_mined_negatives_are_never_judged_relevant(folder):
    run = folder / "mined.trec"
    run.write_text("".join(f"q1 Q0 p{i} {i + 1} {9 - i} x\n" for i in range(4)) + "q2 Q0 p0 1 1 x\n")
    found = {p.passage_id: p.negatives for p in pairs(folder, negatives=run)}
    assert found["p1"] == found["p3"] == (("p0", "T\ntext 0"), ("p2", "T\ntext 2"))
    assert found["p0"] == ()
    run.write_text("q1 Q0 gone 1 1 x\n")
    with pytest.raises(MedencError, match="'gone' is a negative that is not in the corpus"):
        pairs(folder, negatives=run)


def test_concepts_come_from_the_metadata_of_either_side(folder):
    found = pairs(folder, concepts=["about", "language"])
    assert [p.concepts for p in found] == [{"s0", "ko"}, {"s1", "ko"}, {"s1", "ko"}]


def test_one_question_under_two_ids_has_the_answers_of_both(folder):
    with (folder / "queries.jsonl").open("a") as file:
        file.write('\n{"_id": "q8", "text": "Query  1"}\n')
    with (folder / "qrels/train.tsv").open("a") as file:
        file.write("\nq8\tp2\t1\n")
    found = {(p.query_id, p.passage_id): p for p in pairs(folder, random_negatives=9)}
    assert found["q8", "p2"].positives == found["q1", "p1"].positives == {"p1", "p2", "p3"}
    assert [id_ for id_, _ in found["q8", "p2"].negatives] == ["p0"]
