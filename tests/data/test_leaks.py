import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.data.leaks import key, scan, scan_concepts
from medenc.data.records import Name


def grams(text):
    text = key(text)
    return {text[i : i + 5] for i in range(max(1, len(text) - 4))}


def jaccard(a, b):
    return len(grams(a) & grams(b)) / len(grams(a) | grams(b))


def test_the_same_text_in_other_clothes_is_exact():
    train = {"t1": "ＨＴＮ 의 치료는?", "t2": "高血压 如何治疗", "t0": "htn의 치료는?"}
    test = {"a": "htn의치료는?", "b": "高血压如何治疗", "c": "당뇨병은?"}
    found = scan(train, test)
    assert found["exact_ids"] == [["a", "t1"], ["b", "t2"]]
    assert (found["exact"], found["near"], found["n_train"], found["n_test"]) == (2, 0, 3, 3)


texts = st.lists(st.text("ab 가", min_size=1, max_size=14), min_size=1, max_size=8)
edits = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 14), st.text("ab가", max_size=4)), max_size=4)


@settings(max_examples=300, deadline=None)
@given(texts, texts, edits, st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_near_duplicates_are_exactly_those_of_brute_force(train, test, edits, near):
    test = test + [train[i % len(train)][:cut] + end or "a" for i, cut, end in edits]
    train_ids = {f"t{i}": text for i, text in enumerate(train)}
    test_ids = {f"q{i}": text for i, text in enumerate(test)}
    found = scan(train_ids, test_ids, near)
    exact = {q for q, text in test_ids.items() if key(text) in map(key, train)}
    best = {q: max(jaccard(text, t) for t in train) for q, text in test_ids.items() if q not in exact}
    assert {row[0] for row in found["exact_ids"]} == exact
    assert {row[0]: row[2] for row in found["near_ids"]} == {q: round(j, 4) for q, j in best.items() if j >= near}
    for q, t, j in found["near_ids"]:
        assert round(jaccard(test_ids[q], train_ids[t]), 4) == j


def test_every_planted_leak_is_found_and_nothing_else():
    rng = np.random.default_rng(0)
    letters = list("가나다라마바사아자차카타파하高血压糖尿病abcdefgh ")
    sentence = lambda: "".join(rng.choice(letters, 120))  # noqa: E731
    train = {f"t{i}": sentence() for i in range(2000)}
    near = {f"n{i}": train[f"t{i}"][:118] + "끝끝" for i in range(200)}
    exact = {f"e{i}": f" {train[f't{1000 + i}']} " for i in range(500)}
    found = scan(train, near | exact | {f"x{i}": sentence() for i in range(500)})
    assert found["exact_ids"] == [[f"e{i}", f"t{1000 + i}"] for i in range(500)]
    assert [row[:2] for row in found["near_ids"]] == [[f"n{i}", f"t{i}"] for i in range(200)]


def test_the_threshold_itself_is_near():
    assert scan({"t": "abcabcabc"}, {"q": "abcabcabcabc"}, near=1.0)["near_ids"] == [["q", "t", 1.0]]


def test_nothing_to_compare():
    assert scan({}, {"a": "x"})["exact"] == scan({"a": "x"}, {})["near"] == 0


def test_concepts_and_names_seen_in_training():
    train = [Name("A", "HTN"), Name("B", "fever")]
    test = [Name("A", "hypertension"), Name("A", "htn"), Name("C", "cough")]
    assert scan_concepts(train, test) == {
        "n_concepts": 2,
        "n_names": 3,
        "concepts": 1,
        "names": 1,
        "concept_ids": ["A"],
    }
