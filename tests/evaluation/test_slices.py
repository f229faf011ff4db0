"""Groups of queries that are scored apart."""

from pathlib import Path

import pytest

from medenc.core.errors import MedencError
from medenc.data.records import Passage, Query
from medenc.data.retrieval import RetrievalData
from medenc.evaluation.retrieval import evaluate
from medenc.evaluation.slices import labels


def data(*texts, metadata=(), passages=()):
    own = [*metadata, *[{}] * (len(texts) - len(metadata))]
    queries = [Query(f"q{n}", text, about) for n, (text, about) in enumerate(zip(texts, own, strict=True))]
    found = [*passages, Passage("p0", "short"), Passage("p1", "a longer passage")]
    return RetrievalData(found, queries, {query.id: {"p0": 1, "p1": 0} for query in queries}, Path("d"))


def test_language_is_told_by_script_where_no_query_says_it():
    found = labels(data("고혈압 약", "糖尿病", "fever", "7.5", "HbA1c 수치가 높아요"))
    assert list(found["language"].values()) == ["ko", "zh", "en", "(none)", "ko"]
    said = labels(data("고혈압 약", "fever", metadata=[{"language": "x"}, {"language": "y"}]))
    assert list(said["language"].values()) == ["x", "y"]


def test_code_switching_is_the_share_of_letters_outside_the_main_script():
    found = labels(data("고혈압 약 7", "고혈압 환자의 혈압은 어떻게 하나 AF", "metformin 먹는데 괜찮나", "120/80"))
    assert list(found["code_switching"].values()) == [
        "0 % in another script",
        "1 to 20 %",
        "more than 20 %",
        "0 % in another script",
    ]


def test_lengths_fall_into_thirds_that_are_named_by_what_is_in_them():
    found = labels(data(*("x" * n for n in (1, 2, 3, 5, 9, 40))))["length"]
    assert list(found.values()) == ["1 to 2 characters"] * 2 + ["3 to 5 characters"] * 2 + ["9 to 40 characters"] * 2
    assert labels(data("ab", "cd"), asked=["length"])["length"] == {"q0": "2 characters", "q1": "2 characters"}


def test_slices_in_which_all_queries_are_alike_are_left_out_unless_asked_for():
    alike = data("fever", "cough")
    assert labels(alike) == {}
    assert set(labels(alike, asked=["language", "code_switching"])) == {"language", "code_switching"}
    with pytest.raises(MedencError, match=r"no query has the metadata 'lenght' .did you mean 'length'"):
        labels(alike, asked=["lenght"])


def test_windows_of_queries_and_of_what_answers_them():
    def too_long(queries, passages):
        assert passages == ["a longer passage"]  # of the others, none is asked for
        return [len(text) > 5 for text in queries], [True]

    given = data("fever", "much too long")
    given.qrels["q1"] = {"p1": 1}
    given.qrels["q0"] = {"p0": 0}
    found = labels(given, too_long=too_long)
    assert found["query_window"] == {"q0": "read whole", "q1": "cut"}
    assert found["passage_window"] == {"q0": "answered in one", "q1": "answered over several"}


def test_concepts_that_training_knew():
    about = [{"concept": "C1"}, {"concepts": ["C2", "C3"]}, {}]
    given = data("a b", "c d", "e f", metadata=about)
    trained = [Query("t", "x", {"concept_id": "C3"}), Query("u", "y")]
    assert labels(given, trained)["seen_concept"] == {"q0": "unseen", "q1": "seen", "q2": "(none)"}
    assert "seen_concept" not in labels(given)
    assert "seen_concept" not in labels(data("a", "bc"), trained)


def test_every_group_is_scored_and_the_main_measure_has_intervals():
    given = data("fever", "cough", "열이 나요", metadata=[{"kind": "10 x"}, {"kind": "9 x"}, {"kind": "x"}])
    run = {"q0": [("p0", 2.0)], "q2": [("p1", 2.0), ("p0", 1.0)]}
    found = evaluate(given, "dev", lambda *_: run, ["m"], ["RR@10", "Success@1"])
    scored = {(part.field, part.value): part.scores["m"] for part in found.slices}
    assert scored["language", "en"] == {"RR@10": 0.5, "Success@1": 0.5}
    assert scored["language", "ko"] == {"RR@10": 0.5, "Success@1": 0.0}
    assert [part.value for part in found.slices if part.field == "kind"] == ["9 x", "10 x", "x"]
    assert all(set(part.intervals["m"]) == {"RR@10"} for part in found.slices)
    assert found.to_json()["slices"][0] == vars(found.slices[0])


def test_answers_are_looked_for_beside_the_judged_ids():
    given = data("fever?", metadata=[{"answers": ["short"]}])
    found = evaluate(given, "dev", lambda *_: {"q0": [("p1", 2.0), ("p0", 1.0)]}, ["m"], ["AnswerSuccess@2", "RR@1"])
    assert found.to_json()["scores"]["m"] == {"AnswerSuccess@2": 1.0, "RR@1": 0.0}
    asked = []
    evaluate(given, "dev", lambda m, q, top: asked.append(top) or {}, ["m"], ["RR@1", "AnswerSuccess@50"])
    assert asked == [50]
