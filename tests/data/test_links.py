"""Links between documents, and the pairs of segments that are drawn along them."""

import numpy as np
import pytest
from corpora import DOCUMENTS, long_documents, prepared, tokenizer_of

from medenc.core.errors import MedencError
from medenc.data.link_graph import similar
from medenc.data.links import CONTIGUOUS, LINKED, RANDOM, RELATIONS, Graph, Links, Sampling

COUNT = 40


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("linked"), long_documents(COUNT), links="explicit", max_tokens=48)


@pytest.fixture(scope="module")
def links(corpus):
    return Links.open(corpus[0].path)


def test_explicit_links_without_doubles_and_self_links(tmp_path):
    shards, numbers = prepared(tmp_path, DOCUMENTS, links="explicit")
    graph = Graph.open(shards.path)
    assert [graph.out(number).tolist() for number in range(4)] == [[1, 2], [0], [], []]
    assert graph.in_degree.tolist() == [1, 1, 1, 0]
    assert numbers["links"] == {
        "read": 6,
        "kept": 3,
        "repeated": 1,
        "to_themselves": 1,
        "unknown": 1,
        "unknown_examples": ["en -> gone"],
    }
    assert graph.sources().tolist() == [0, 1]
    assert graph.linked(2, 0)
    assert not graph.linked(1, 2)


def test_links_of_and_to_copies_are_those_of_the_kept_document(tmp_path):
    rows = [
        {"id": "a", "text": "休息", "links": ["c"]},
        {"id": "b", "text": "复查", "links": ["copy"]},
        {"id": "copy", "text": "休息", "links": ["b"]},
        {"id": "c", "text": "血压"},
        {"id": "c", "text": "血糖", "links": ["b"]},
    ]
    shards, numbers = prepared(tmp_path, rows, links="explicit", max_bad=0.3)
    graph = Graph.open(shards.path)
    assert list(shards.documents.ids()) == ["a", "b", "c"]
    assert [graph.out(number).tolist() for number in range(3)] == [[1, 2], [0], []]
    assert numbers["links"]["read"] == 3  # those of the second c, which is bad, do not count


def test_another_field_can_declare_the_links(tmp_path):
    rows = [{"id": "a", "text": "休息", "cites": [7]}, {"id": 7, "text": "复查"}]
    shards, _ = prepared(tmp_path, rows, links="explicit", link_field="cites")
    assert Graph.open(shards.path).out(0).tolist() == [1]


def test_similar_documents_are_linked(tmp_path):
    texts = ["血压 高 患者", "血压 高 病人", "糖 尿 眼", "糖 尿 足", "patient"]
    shards, _ = prepared(
        tmp_path, [{"id": str(i), "text": t} for i, t in enumerate(texts)], links="similar", neighbours=1
    )
    graph = Graph.open(shards.path)
    assert [graph.out(number).tolist() for number in range(5)] == [[1], [0], [3], [2], []]


def test_similarity_is_the_cosine_of_tf_idf():
    rng = np.random.default_rng(0)
    documents = [rng.integers(0, 25, size=rng.integers(5, 30)) for _ in range(30)]
    counts = np.array([np.bincount(ids, minlength=25) for ids in documents])
    weights = np.where(counts, 1 + np.log(np.maximum(counts, 1)), 0) * np.log(30 / np.maximum((counts > 0).sum(0), 1))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    cosine = weights @ weights.T - 2 * np.eye(30)
    graph = similar(documents, 3)
    for number in range(30):
        assert graph.out(number).tolist() == sorted(np.argsort(-cosine[number])[:3].tolist())


def test_pairs_are_a_function_of_seed_epoch_and_index(corpus, links):
    again = Links.open(corpus[0].path)
    order = np.random.default_rng(0).permutation(len(links)).tolist()
    shuffled = {index: again.plan(3, 1, index) for index in order}
    assert [links.plan(3, 1, index) for index in range(len(links))] == [shuffled[i] for i in range(len(links))]
    assert links.plan(3, 2, 0) != links.plan(3, 1, 0) or links.plan(4, 1, 1) != links.plan(3, 1, 1)


def test_segments_fit_and_are_what_the_relation_says(corpus, links):
    documents, seen = corpus[0].documents, set()
    for index in range(len(links)):
        for epoch in range(4):
            a, b, relation = links.plan(0, epoch, index)
            seen.add(RELATIONS[relation])
            assert 0 < (a.end - a.start) + (b.end - b.start) <= 45
            assert a.start < a.end <= documents.lengths[a.document]
            assert b.start < b.end <= documents.lengths[b.document]
            assert a.start in documents.sentences(a.document)
            if relation == CONTIGUOUS:
                assert (b.document, b.start) == (a.document, a.end)
            else:
                assert b.document != a.document
                assert (b.document in links.graph.out(a.document)) == (relation == LINKED)
                assert relation == LINKED or not links.graph.linked(a.document, b.document)
            tokens_a, tokens_b, same = links.draw(0, epoch, index)
            assert same == relation
            assert tokens_a.ids.tolist() == documents.tokens(*a).ids.tolist()
            assert tokens_b.ids.tolist() == documents.tokens(*b).ids.tolist()
            assert tokens_b.word_starts[0]
    assert seen == set(RELATIONS)


def test_shares_are_thirds_and_are_counted(links):
    drawn = [links.plan(0, 0, index).relation for index in range(len(links))]
    shares = links.shares(0, 0)
    assert shares == {name: drawn.count(relation) / len(links) for relation, name in enumerate(RELATIONS)}
    many = np.mean([list(links.shares(0, epoch).values()) for epoch in range(60)], axis=0)
    # Documents of one sentence have nothing contiguous: their share goes to the other relations.
    assert np.abs(many - 1 / 3).max() < 0.06


def frequency(links, target, draws=3000):
    found = [links.plan(0, epoch, 0) for epoch in range(draws)]
    return np.mean([pair.b.document == target for pair in found if pair.relation == LINKED])


@pytest.fixture
def hub(tmp_path):
    """d0 links to h, which all the others link to as well, and to r, which one other links to."""
    rows = [
        {"id": "d0", "text": "复查。血压。", "links": ["h", "r"]},
        {"id": "h", "text": "血压"},
        {"id": "r", "text": "休息"},
    ]
    rows += [{"id": f"x{i}", "text": f"第{i}次", "links": ["h"] + ["r"] * (i == 0)} for i in range(99)]
    return prepared(tmp_path, rows, links="explicit")[0]


def test_targets_are_drawn_in_proportion_to_one_over_their_in_degree(hub):
    links = Links.open(hub.path, Sampling(weights=(0, 0, 1)))
    assert links.graph.in_degree[[1, 2]].tolist() == [100, 2]
    assert frequency(links, 1) == pytest.approx(0.0196, abs=0.008)
    uniform = Links.open(hub.path, Sampling(weights=(0, 0, 1), diversity=False))
    assert frequency(uniform, 1) == pytest.approx(0.5, abs=0.03)


def test_a_document_without_links_gets_another_relation_or_gives_way(hub):
    index = 3  # x0 has links, but is one sentence
    assert {Links.open(hub.path).plan(0, epoch, index).relation for epoch in range(30)} == {RANDOM, LINKED}
    index = 2  # r has no links
    assert {Links.open(hub.path).plan(0, epoch, index).relation for epoch in range(30)} == {RANDOM}
    for unlinked in ("redraw", "linked_only"):
        links = Links.open(hub.path, Sampling(weights=(0, 0, 1), unlinked=unlinked))
        pairs = [links.plan(0, epoch, index) for epoch in range(60)]
        assert len({pair.a.document for pair in pairs}) > 20
        assert not {pair.a.document for pair in pairs} & {1, 2}
        assert {pair.relation for pair in pairs} == {LINKED}
    links = Links.open(hub.path, Sampling(unlinked="linked_only"))
    for index, expected in ((0, 1 / 3), (2, 1 / 2)):  # r is one sentence: nothing is contiguous to it
        share = np.mean([links.plan(0, epoch, index).relation == LINKED for epoch in range(600)])
        assert share == pytest.approx(expected, abs=0.06)


def test_a_random_document_is_not_linked_unless_that_is_asked_for(hub):
    strict = Links.open(hub.path, Sampling(weights=(0, 1, 0)))
    loose = Links.open(hub.path, Sampling(weights=(0, 1, 0), strict_random=False))
    for links, same in ((strict, False), (loose, True)):
        pairs = [links.plan(0, epoch, 1) for epoch in range(60)]  # h, which nearly everything links to
        assert any(links.graph.linked(pair.a.document, pair.b.document) for pair in pairs) is same


def test_a_corpus_of_one_sentence_allows_no_pair(tmp_path):
    shards, _ = prepared(tmp_path, [{"id": "a", "text": "休息", "links": ["b"]}], links="explicit")
    links = Links.open(shards.path, Sampling(weights=(1, 1, 0)))
    with pytest.raises(MedencError, match="no pair can be drawn"):
        links.plan(0, 0, 0)


def test_shorter_pairs_where_they_are_asked_for(corpus):
    links = Links.open(corpus[0].path, Sampling(max_tokens=20))
    assert len(links) > len(Links.open(corpus[0].path))
    assert max(sum(len(part) for part in links.draw(0, 0, i)[:2]) for i in range(len(links))) <= 17


def test_a_corpus_without_links_says_what_to_do(tmp_path):
    shards, _ = prepared(tmp_path, DOCUMENTS)
    with pytest.raises(MedencError, match="this corpus has no links"):
        Links.open(shards.path)


def test_links_that_all_lead_nowhere_are_one_line(tmp_path):
    shards, numbers = prepared(tmp_path, [{"id": "a", "text": "休息", "links": ["z"]}], links="explicit")
    assert numbers["links"]["unknown"] == 1
    with pytest.raises(MedencError, match="no document links to another one"):
        Links.open(shards.path)
    with pytest.raises(MedencError, match="at least one relation needs a weight"):
        Links.open(shards.path, Sampling(weights=(0, 0, 0)))


def test_a_graph_that_is_cut_off_or_of_other_documents_is_named(corpus, tmp_path):
    shards, _ = prepared(tmp_path, DOCUMENTS, links="explicit")
    path = shards.path / "links.targets.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(MedencError, match="damaged links"):
        Links.open(shards.path)
    with pytest.raises(MedencError, match="links of 40 documents, not of 4"):
        Links(shards, Graph.open(corpus[0].path), Sampling())


def test_tokens_of_a_pair_are_text(links):
    a, b, _ = links.draw(0, 0, 5)
    assert "[UNK]" not in {tokenizer_of().id_to_token(int(i)) for i in (*a.ids, *b.ids)}
