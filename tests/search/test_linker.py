import subprocess
import sys

import numpy as np
import pytest
from search_material import MODEL, HashedWords

from medenc.core.artifact import writing
from medenc.core.errors import MedencError
from medenc.core.files import read_json, write_json
from medenc.data.records import Name
from medenc.search import dictionary
from medenc.search.calibration import Known, calibrated, examples
from medenc.search.linker import Linker

NAMES = [
    Name("C1", "hypertension", "en"),
    Name("C1", "고혈압", "ko"),
    Name("C1", "高血压", "zh"),
    Name("C2", "portal hypertension", "en"),
    Name("C2", "문맥 고혈압", "ko"),
    Name("C3", "diabetes mellitus", "en"),
    Name("C3", "당뇨병", "ko"),
    Name("C3", "糖尿病", "zh"),
    Name("C4", "diabetes insipidus", "en"),
    Name("C5|C6", "diabetic ketoacidosis with coma", "en"),
    Name("C7", "COLD", "en"),
    Name("C8", "cold", "en"),
    Name("C8", "common cold", "en"),
    Name("C9", "cold", "en"),
]


def build(path, names=NAMES, model=None, encode=None):
    with writing(path, dictionary.KIND, options={}) as draft:
        dictionary.build(draft.folder, names, model, encode)
    return path


@pytest.fixture(scope="module")
def lexical(tmp_path_factory):
    return Linker.open(build(tmp_path_factory.mktemp("dictionary") / "lexical"))


@pytest.fixture(scope="module")
def dense_path(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dictionary") / "dense", NAMES, MODEL, HashedWords().encode_query)


@pytest.fixture(scope="module")
def dense(dense_path):
    return Linker.open(dense_path, HashedWords().encode_query)


def ids(linker, mention, **options):
    (linked,) = linker.link([mention], **options)
    return [candidate.concept_id for candidate in linked.candidates]


@pytest.mark.parametrize(
    ("mention", "concept", "language"),
    [
        ("Hypertension", "C1", "en"),
        ("고혈압", "C1", "ko"),
        ("高血壓", "C1", "zh"),
        ("문맥고혈압", "C2", "ko"),
        ("Ｄｉａｂｅｔｅｓ mellitus", "C3", "en"),
    ],
)
def test_a_name_is_its_concept_however_it_is_written(lexical, mention, concept, language):
    best = lexical.link([mention])[0].candidates[0]
    assert (best.concept_id, best.language, best.how, best.score) == (concept, language, "exact", 1.0)


@pytest.mark.parametrize(
    ("mention", "concept"),
    [("hypertensions", "C1"), ("diabets melitus", "C3"), ("고혈압증", "C1"), ("2型糖尿病", "C3"), ("당뇨병이", "C3")],
)
def test_slips_plurals_and_particles_are_linked_by_spelling(lexical, mention, concept):
    best = lexical.link([mention])[0].candidates[0]
    assert (best.concept_id, best.how) == (concept, "lexical")
    assert 0 < best.score < 1


def test_candidates_are_concepts_in_order_of_score(lexical):
    (linked,) = lexical.link(["portal hypertension"], top=10)
    assert len({c.concept_id for c in linked.candidates}) == len(linked.candidates)
    scores = [c.score for c in linked.candidates]
    assert scores == sorted(scores, reverse=True)
    assert [c.concept_id for c in linked.candidates[:2]] == ["C2", "C1"]


def test_several_ids_are_one_candidate(lexical):
    assert ids(lexical, "diabetic ketoacidosis with coma")[0] == "C5|C6"


def test_equal_names_go_by_case_then_by_the_number_of_names_then_by_order(lexical):
    assert ids(lexical, "cold")[:3] == ["C8", "C9", "C7"]
    assert ids(lexical, "COLD")[:3] == ["C7", "C8", "C9"]
    assert ids(lexical, "Cold")[:3] == ["C8", "C7", "C9"]


@pytest.mark.parametrize("mention", ["", " ", "xyzzy", "!?"])
def test_a_mention_like_no_name_has_no_candidate(lexical, mention):
    assert lexical.link([mention])[0].candidates == []


def test_no_mention_gives_nothing(lexical, dense):
    assert lexical.link([]) == dense.link([]) == []


def test_each_mention_is_linked_on_its_own(dense):
    mentions = ["cold", "고혈압 환자", "diabetes"]
    assert dense.link(mentions) == [dense.link([mention])[0] for mention in mentions]


def test_json_has_the_documented_names(lexical):
    document = lexical.link(["hypertension"], top=1)[0].to_json()
    assert document["mention"] == "hypertension"
    assert document["candidates"] == [
        {"concept_id": "C1", "term": "hypertension", "score": 1.0, "language": "en", "how": "exact"}
    ]
    assert "none_probability" not in document


def test_vectors_find_what_spelling_does_not(tmp_path):
    """The encoder takes two words to be one, as a trained one takes synonyms."""

    def encode(texts):
        return HashedWords().encode_query([text.replace("tumour", "neoplasm") for text in texts])

    names = [Name("C1", "neoplasm", "en"), Name("C2", "tuberculosis", "en")]
    linker = Linker.open(build(tmp_path / "d", names, MODEL, encode), encode)
    assert linker.modes == ("fused", "dense", "lexical")
    (linked,) = linker.link(["tumour"], top=1)
    assert (linked.candidates[0].concept_id, linked.candidates[0].how) == ("C1", "dense")
    assert linked.candidates[0].dense == pytest.approx(1)
    assert linker.link(["tumour"], top=1, mode="lexical")[0].candidates != linked.candidates


def test_without_the_model_a_dictionary_links_by_spelling(dense_path, lexical):
    linker = Linker.open(dense_path)
    assert linker.modes == ("lexical",)
    assert ids(linker, "diabets") == ids(lexical, "diabets")
    with pytest.raises(MedencError, match="does not link in mode 'dense'"):
        linker.link(["diabets"], mode="dense")


def test_another_model_is_refused(dense_path):
    for encode in (lambda texts: -HashedWords().encode_query(texts), lambda texts: np.ones((len(texts), 3))):
        with pytest.raises(MedencError, match="not the model") as refused:
            Linker.open(dense_path, encode).link(["cold"])
        assert str(MODEL.path) in str(refused.value)


def test_vectors_of_another_size_are_refused(tmp_path):
    with pytest.raises(MedencError, match="expected finite vectors of 64"):
        build(tmp_path / "d", NAMES, MODEL, lambda texts: np.ones((len(texts), 3)))


def test_names_may_come_many_times_in_the_published_order(lexical):
    (rows,) = lexical.rank(["cold"], top=4)
    assert [lexical.names.concept_id(row) for row in rows] == ["C8", "C9", "C7", "C8"]


def test_another_format_is_refused(tmp_path):
    path = build(tmp_path / "d")
    write_json(path / dictionary.FILE, read_json(path / dictionary.FILE) | {"format": 99})
    with pytest.raises(MedencError, match="format 1"):
        Linker.open(path)


def test_another_analyzer_is_refused(tmp_path):
    path = build(tmp_path / "d")
    settings = read_json(path / dictionary.FILE)
    write_json(path / dictionary.FILE, settings | {"analyzer": settings["analyzer"] | {"version": "0"}})
    with pytest.raises(MedencError, match="build it again from its names"):
        Linker.open(path).link(["cold"])


def test_what_is_no_dictionary_is_refused(tmp_path):
    with writing(tmp_path / "model", "model", options={}):
        pass
    with pytest.raises(MedencError, match="expected a dictionary, found a model"):
        Linker.open(tmp_path / "model")


def test_linking_needs_neither_a_database_nor_torch(lexical):
    code = (
        "import sys; from pathlib import Path; from medenc.search.linker import Linker\n"
        f"print(Linker.open(Path({str(lexical.path)!r})).link(['hypertension'])[0].candidates[0].concept_id)\n"
        "print([m for m in ('torch', 'transformers', 'lancedb', 'pyarrow', 'kiwipiepy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["C1", "[]"], done.stderr


MENTIONS = [
    Known(text, frozenset(ids.split()))
    for text, ids in [
        ("high hypertension", "C1"),
        ("hypertensions", "C1"),
        ("portal vein hypertension", "C2"),
        ("diabetes melitus", "C3"),
        ("diabetes insipid", "C4"),
        ("ketoacidosis", "C5"),
        ("fracture of the diabetes", "C99"),
        ("소아 당뇨병", "C3"),
        ("cold", "C8"),
    ]
]


def test_calibration_abstains_from_what_is_not_there(lexical):
    settings = calibrated(lexical, MENTIONS, unseen=0.3)
    judge = settings.abstention["lexical"]
    seen = examples(lexical, MENTIONS, "lexical", 0.3)
    assert seen.none.tolist()[1::2] == [1] * len(MENTIONS)
    assert seen.none.tolist()[0::2] == [0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert seen.weights[1::2].sum() / seen.weights.sum() == pytest.approx(0.3)
    probabilities = np.array([judge.probability(row) for row in seen.features])
    assert probabilities[seen.none == 1].mean() > probabilities[seen.none == 0].mean() + 0.2


def test_a_calibrated_dictionary_says_how_sure_it_is(tmp_path):
    path = build(tmp_path / "d", NAMES, MODEL, HashedWords().encode_query)
    settings = calibrated(Linker.open(path, HashedWords().encode_query), MENTIONS, unseen=0.3)
    dictionary.write(path, settings)
    linker = Linker.open(path, HashedWords().encode_query)
    assert set(settings.abstention) == {"fused", "dense", "lexical"}
    good, bad, nothing = (linked.none_probability for linked in linker.link(["고혈압", "fracture of bone", ""]))
    assert 0 <= good < bad <= 1
    assert linker.link([""], mode="lexical")[0].none_probability == 1
    assert nothing is not None
    assert linker.link(["고혈압"], top=1)[0].none_probability == good


def test_the_share_of_vectors_is_earned(tmp_path):
    """Vectors that know nothing get no share."""

    def noise(texts):
        return np.random.default_rng(len(texts)).standard_normal((len(texts), 64))

    path = build(tmp_path / "d", NAMES, MODEL, noise)
    linker = Linker(path, noise)
    linker.__dict__["_verified_encode"] = noise  # the check would refuse it, rightly
    assert calibrated(linker, MENTIONS, unseen=0.3).dense < 0.5
