import math
import random

import pytest
import pytrec_eval

from medenc.core.errors import MedencError
from medenc.metrics.ranking import cutoff, in_order, mean, measure, read_qrels, read_trec, write_qrels, write_trec

QRELS = {"a": {"x": 2, "y": 1, "z": 0}, "b": {"x": 1}, "c": {"w": 1}}
RUN = {"a": [("z", 3.0), ("y", 2.0), ("x", 1.0)], "b": [("y", 1.0), ("x", 0.5)], "unjudged": [("x", 1.0)]}


def test_values_worked_by_hand():
    found = measure(QRELS, RUN, ["nDCG@10", "RR@10", "R@2", "Success@1", "AP", "P@2"])
    ideal = 2 + 1 / math.log2(3)
    assert found["nDCG@10"]["a"] == pytest.approx((1 / math.log2(3) + 2 / 2) / ideal)
    assert found["nDCG@10"]["b"] == pytest.approx(1 / math.log2(3))
    assert found["RR@10"] == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert found["R@2"] == {"a": 0.5, "b": 1.0, "c": 0.0}
    assert found["Success@1"] == {"a": 0.0, "b": 0.0, "c": 0.0}
    assert found["AP"]["a"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found["P@2"] == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert mean(found)["RR@10"] == pytest.approx(1 / 3)


def test_judged_queries_without_an_answer_count_and_unjudged_ones_do_not():
    for run in ({}, {"a": []}, {"other": [("x", 1.0)]}):
        found = measure(QRELS, run, ["nDCG@10", "RR@10", "R@10", "AP", "RR"])
        assert all(values == {"a": 0.0, "b": 0.0, "c": 0.0} for values in found.values())


@pytest.mark.parametrize("name", ["RR@1", "RR", "nDCG@1", "Success@1", "R@1", "AP@1"])
def test_ties_go_by_id_whatever_the_order_given_and_the_implementation_behind(name):
    qrels = {"q": {"a": 1}}
    for hits in ([("b", 1.0), ("a", 1.0)], [("a", 1.0), ("b", 1.0)]):
        assert measure(qrels, {"q": hits}, [name])[name]["q"] == 1.0
        assert measure({"q": {"b": 1}}, {"q": hits}, [name])[name]["q"] == (0.5 if name == "RR" else 0.0)
    close = [("b", 1.0 + 1e-12), ("a", 1.0)]  # equal in 32 bits, not in ours
    assert measure(qrels, {"q": close}, [name])[name]["q"] == (0.5 if name == "RR" else 0.0)


def random_case(seed):
    rng = random.Random(seed)
    passages = [f"p{i}" for i in range(30)]
    qrels = {f"q{i}": {p: rng.randrange(4) for p in rng.sample(passages, rng.randint(1, 8))} for i in range(5)}
    run = {q: [(p, float(s)) for s, p in enumerate(rng.sample(passages, rng.randint(1, 20)))] for q in qrels}
    return qrels, {q: hits for q, hits in run.items() if rng.random() < 0.9}


@pytest.mark.oracle
def test_equal_to_trec_eval_on_random_cases():
    names = {"ndcg_cut_10": "nDCG@10", "map": "AP", "recip_rank": "RR", "recall_5": "R@5", "success_5": "Success@5"}
    for seed in range(200):
        qrels, run = random_case(seed)
        theirs = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut", "map", "recip_rank", "recall", "success"})
        expected = theirs.evaluate({q: dict(hits) for q, hits in run.items()})
        ours = measure(qrels, run, list(names.values()))
        for their_name, our_name in names.items():
            for query in qrels:
                value = expected.get(query, {}).get(their_name, 0.0)
                assert ours[our_name][query] == pytest.approx(value, abs=1e-9), (seed, our_name, query)


def test_reciprocal_rank_with_a_cutoff_is_that_of_the_cut_run():
    for seed in range(50):
        qrels, run = random_case(seed)
        cut = {q: in_order(hits)[:3] for q, hits in run.items()}
        assert measure(qrels, run, ["RR@3"])["RR@3"] == measure(qrels, cut, ["RR"])["RR"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nDCGG@10", "no such measure: 'nDCGG@10' \\(did you mean 'nDCG'\\?\\)"),
        ("quality", "no such measure: 'quality' \\(such as nDCG@10"),
        ("nDCG@0", "no such measure"),
        ("nDCG@", "no such measure"),
        ("R", "wrong options of the measure 'R' \\(a cutoff"),
        ("P(foo=1)@5", "wrong options of the measure"),
        ("RBP", "no implementation of the measure 'RBP'"),
    ],
)
def test_an_unknown_measure_is_named(name, message):
    with pytest.raises(MedencError, match=message):
        measure(QRELS, RUN, [name])


def test_spellings_are_those_of_ir_measures():
    assert list(measure(QRELS, RUN, ["MRR@10", "P( rel=2 )@5"])) == ["RR@10", "P(rel=2)@5"]
    assert (cutoff("R@1000"), cutoff("AP")) == (1000, None)


def test_runs_that_cannot_be_ranked_are_refused():
    with pytest.raises(MedencError, match="query a: a score is not a finite number"):
        measure(QRELS, {"a": [("x", math.nan)]}, ["AP"])
    with pytest.raises(MedencError, match="query a: a passage is listed twice"):
        measure(QRELS, {"a": [("x", 1.0), ("x", 0.5)]}, ["AP"])
    with pytest.raises(MedencError, match="nothing is judged"):
        measure({}, RUN, ["AP"])


def test_a_written_run_rescored_by_anybody_has_our_order_and_scores(tmp_path):
    hits = [("b", 0.5), ("a", 0.5), ("c", 0.5 + 1e-12), ("d", 1e6), ("e", -1.0), ("f", -1.0)]
    write_trec({"q": hits}, tmp_path / "run", "tag")
    back = read_trec(tmp_path / "run")["q"]
    assert [id_ for id_, _ in back] == ["d", "c", "a", "b", "e", "f"]
    assert all(score == pytest.approx(dict(hits)[id_], rel=1e-6) for id_, score in back)
    for relevant in "abcdef":
        theirs = pytrec_eval.RelevanceEvaluator({"q": {relevant: 1}}, {"recip_rank"}).evaluate({"q": dict(back)})
        assert theirs["q"]["recip_rank"] == measure({"q": {relevant: 1}}, {"q": hits}, ["RR"])["RR"]["q"]


def test_files_of_trec(tmp_path):
    path = tmp_path / "x"
    write_qrels(QRELS, path)
    assert read_qrels(path) == QRELS
    write_trec(RUN, path, "t")
    assert path.read_text().splitlines()[0] == "a Q0 z 1 3 t"
    assert read_trec(path) == RUN
    with pytest.raises(MedencError, match="an id with a space"):
        write_trec({"a b": [("x", 1.0)]}, path, "t")
    faults = {"q Q0 p 1 x": "x:1: expected 6 columns, found 5", "\nq Q0 p 1 high t": "x:2: expected a number"}
    for content, message in faults.items():
        path.write_text(content)
        with pytest.raises(MedencError, match=message):
            read_trec(path)
    with pytest.raises(MedencError, match="no such file"):
        read_trec(tmp_path / "gone")
