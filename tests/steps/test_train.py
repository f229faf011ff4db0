"""The steps `tokenizer` and `train` on a small corpus, from records to folders that answer."""

import json
from pathlib import Path

import numpy as np
import pytest

from medenc.core.artifact import open_artifact, writing
from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.recipe import load
from medenc.steps.train import Train

PASSAGES = [
    ("bp.ko", "고혈압", "혈압을 매일 잰다. 짠 음식을 줄인다.", "bp"),
    ("bp.en", "Hypertension", "Measure blood pressure daily. Eat less salt.", "bp"),
    ("dm.ko", "당뇨병", "혈당을 매일 잰다. 발을 살핀다.", "dm"),
    ("dm.zh", "糖尿病", "每天测血糖。检查双脚。", "dm"),
    ("as.en", "Asthma", "Use the inhaler before exercise.", "as"),
]
NAMES = [("C1", "ko", "고혈압"), ("C1", "en", "hypertension"), ("C2", "ko", "당뇨병"), ("C2", "zh", "糖尿病")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with data and a tokenizer."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "data" / "qrels").mkdir(parents=True)
    passages = [
        {"_id": id_, "title": title, "text": text, "metadata": {"topic": topic}} for id_, title, text, topic in PASSAGES
    ]
    write_lines(folder / "data" / "corpus.jsonl", passages)
    queries = [{"_id": "q1", "text": "짜게 먹어도 되나"}, {"_id": "q2", "text": "inhaler when?"}]
    write_lines(folder / "data" / "queries.jsonl", queries)
    rows = "query-id\tcorpus-id\tscore\nq1\tbp.ko\t1\nq2\tas.en\t1\n"
    (folder / "data" / "qrels" / "train.tsv").write_text(rows)
    (folder / "terms.tsv").write_text("".join("\t".join(name) + "\n" for name in NAMES), encoding="utf-8")
    made(folder / "tokenizer", use="tokenizer", texts=[folder / "data"], terms=folder / "terms.tsv", vocab_size=200)
    return folder


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def made(out, smoke=False, **values):
    step = build("step", values, "test")
    step = step.smoke() if smoke else step
    with writing(out, step.kind, options={}) as draft:
        step.run(draft)
    return open_artifact(out, step.kind)


def aligned(place, out, **changes):
    options = {
        "start": {"size": "tiny"},
        "tokenizer": place / "tokenizer",
        "encoder": {"pooling": "mean", "max_tokens": 32},
        "objective": {"use": "self_alignment"},
        "data": [{"use": "terms", "path": place / "terms.tsv"}],
        "fit": {"max_steps": 3, "per_device_batch_size": 2, "threads": 1},
        "backend": "none",
    }
    return made(out, use="train", **(options | changes))


def test_a_tokenizer_is_an_artifact(place):
    found = open_artifact(place / "tokenizer", "tokenizer")
    assert found.manifest["numbers"]["vocab_size"] <= 200
    assert found.manifest["numbers"]["data"]["kept"] == 5
    vocabulary = json.loads((place / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert {"糖", "尿", "病"} <= vocabulary.keys()


def test_two_stages_end_in_a_folder_that_embeds(place, tmp_path):
    from medenc.runtime.embedder import Embedder

    first = aligned(place, tmp_path / "align")
    assert first.manifest["numbers"]["data"]["pairs"] == 2
    switch = {"use": "code_switch", "terms": place / "terms.tsv", "sides": ["query", "passage"]}
    pseudo = {"use": "pseudo_queries", "parts": ["title", "sentence"], "judged": place / "data", "min_grade": 1}
    second = aligned(
        place,
        tmp_path / "contrast",
        start=tmp_path / "align",
        tokenizer=None,
        encoder={"prompts": {"query": "q: ", "passage": ""}},
        objective={"use": "contrastive"},
        data=[
            {"use": "beir", "path": place / "data", "transforms": [pseudo, switch]},
            {"use": "pairs", "path": place / "data", "split": "train", "transforms": [switch]},
        ],
        backend="openvino",
    )
    assert second.damaged() == []
    assert second.manifest["model"]["pooling"] == "mean"  # inherited
    trained_on = second.manifest["trained_on"]  # the first stage's names among it
    assert [(source["use"], Path(source["path"]).name) for source in trained_on] == [
        ("terms", "terms.tsv"),
        ("beir", "data"),
        ("pairs", "data"),
    ]
    assert second.manifest["model"]["prompts"]["query"] == "q: "
    assert second.manifest["exports"]["openvino"]["precision"] == "fp32"
    assert second.manifest["numbers"]["data"]["passages"] > 5  # switched copies too
    assert len((second.path / "metrics.jsonl").read_text().splitlines()) == 3
    assert not (tmp_path / "contrast.checkpoints").exists()
    vectors = Embedder.open(second.path).encode_passage(["고혈압", "Hypertension"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_every_file_that_training_reads_is_known(place):
    pairs = {"use": "pairs", "path": place / "data", "negatives": place / "mined.trec"}
    pairs["transforms"] = [{"use": "code_switch", "terms": place / "terms.tsv"}]
    task = {"use": "term_normalization", "terms": place / "dictionary.tsv"}
    step = Train(
        start=place / "start",
        objective={"use": "supervised", "task": task},
        data=[pairs],
        dev=[{"use": "terms", "path": place / "dev.tsv"}],
    )
    names = {path.name for path in step.paths()}
    assert names == {"start", "data", "mined.trec", "terms.tsv", "dictionary.tsv", "dev.tsv"}


def test_the_same_step_gives_the_same_bits(place, tmp_path):
    one, two = (aligned(place, tmp_path / name).manifest["files"] for name in ("one", "two"))
    assert one == two


def test_towers_grow_from_one_encoder(place, tmp_path):
    found = aligned(
        place,
        tmp_path / "towers",
        towers=True,
        objective={"use": "contrastive"},
        data=[{"use": "pairs", "path": place / "data"}],
    )
    assert found.manifest["model"]["towers"] is True
    files = found.manifest["files"]
    assert files["query/model.safetensors"] != files["passage/model.safetensors"]
    with pytest.raises(MedencError, match="towers: names are neither queries nor passages"):  # one tower would be moved
        aligned(place, tmp_path / "again", start=found.path, tokenizer=None)


def test_smoke_is_two_small_steps(place, tmp_path):
    found = made(
        tmp_path / "smoke",
        smoke=True,
        use="train",
        start={"size": "large"},
        tokenizer=place / "tokenizer",
        encoder={"max_tokens": 32},
        objective={"use": "self_alignment"},
        data=[{"use": "terms", "path": place / "terms.tsv"}],
        fit={"num_train_epochs": 900, "threads": 1},
        backend="none",
    )
    assert found.manifest["numbers"]["fit"]["steps"] == 2
    assert found.manifest["model"]["dimension"] == 128


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokenizer": None}, "an encoder from nothing needs a tokenizer"),
        ({"fit": {"learning_rat": 1}}, r"fit\.learning_rat: no such option \(did you mean 'learning_rate'"),
        ({"objective": {"use": "contrastiv"}}, "did you mean 'contrastive'"),
        ({"encoder": {"max_tokens": 600}}, "the backbone reads 512 tokens, found 600"),
        ({"data": [{"use": "terms", "path": "nowhere.tsv"}]}, "nowhere.tsv: no such file"),
        ({"data": [{"use": "terms", "path": "x", "split": "dev"}]}, r"data\.0\.split: no such option"),
    ],
)
def test_mistakes_are_named(place, tmp_path, change, message):
    with pytest.raises(MedencError, match=message):
        aligned(place, tmp_path / "out", **change)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ({"use": "contrastive", "temperature": 0}, r"objective\.temperature: .*greater than 0"),
        ({"use": "contrastive", "negatives": -1}, r"objective\.negatives: .*greater than or equal to 0"),
        ({"use": "contrastive", "max_tokens": 3}, r"objective\.max_tokens: .*greater than or equal to 4"),
        ({"use": "self_alignment", "max_pairs": 0}, r"objective\.max_pairs: .*greater than or equal to 1"),
        ({"use": "self_alignment", "temperature": 0.1}, r"objective\.temperature: the loss 'sound' has no temperature"),
        (
            {"use": "self_alignment", "loss": "ko-en", "margin": 0.1},
            r"objective\.margin: the loss 'ko-en' has no margin",
        ),
    ],
)
def test_options_out_of_bounds_or_without_effect_are_refused(place, objective, message):
    with pytest.raises(MedencError, match=message):
        Train.parse({"start": place, "objective": objective, "data": [{"use": "terms", "path": place}]}, "train")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("align.fit.learning_rat=1", "align.fit.learning_rat: no such option .did you mean 'learning_rate'"),
        (
            "contrast.objective.temprature=1",
            "contrast.objective.temprature: no such option .did you mean",
        ),
        ("align.objective.use=self_alignmnt", "align.objective: no such objective"),
    ],
)
def test_mistakes_are_found_before_a_recipe_runs(override, message):
    with pytest.raises(MedencError, match=message):
        load("sample", None, [override])


def test_a_start_keeps_its_own_words(place, tmp_path):
    """Seen to fail without the comparison: the numbers of the tokens would mean other words."""
    first = aligned(place, tmp_path / "first")
    other = made(tmp_path / "other", use="tokenizer", texts=[place / "data"], vocab_size=120)
    with pytest.raises(MedencError, match=r"another vocabulary than that of the start .give tokenizer=.*first"):
        aligned(place, tmp_path / "second", start=first.path, tokenizer=other.path)
    aligned(place, tmp_path / "third", start=first.path, tokenizer=place / "tokenizer")


def test_prompts_are_read_in_training_as_they_are_in_use(place, tmp_path):
    """Seen to fail without them: the rows were tokenised bare, the index's passages were not."""
    from medenc.data.prompts import prompted
    from medenc.data.records import Pair
    from medenc.runtime.embedder import Embedder

    prompts = {"query": "질문 ", "passage": "글 "}
    start = aligned(place, tmp_path / "start", encoder={"pooling": "mean", "max_tokens": 32, "prompts": prompts})
    (pair,) = prompted([Pair("q", "고혈압", "p", "당뇨병", negatives=(("n", "천식"),))], prompts)
    assert (pair.query, pair.passage, pair.negatives) == ("질문 고혈압", "글 당뇨병", (("n", "글 천식"),))
    data = [{"use": "pairs", "path": place / "data", "split": "train"}]
    shared = {
        "objective": {"use": "contrastive"},
        "data": data,
        "encoder": {},
        "tokenizer": None,
        "backend": "openvino",
    }
    with_prompts = aligned(place, tmp_path / "with", start=start.path, **shared)
    bare = aligned(place, tmp_path / "bare", start=start.path, **shared | {"encoder": {"prompts": {"query": ""}}})
    vectors = [Embedder.open(found.path).encode(["고혈압"]) for found in (with_prompts, bare)]
    assert not np.allclose(*vectors)  # the same text without a role, of models that were trained on other tokens
