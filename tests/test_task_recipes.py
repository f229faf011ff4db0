"""The bundled recipes of tasks run on their stand-ins."""

import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from medenc.core.errors import MedencError
from medenc.recipe import Recipe, load

SAMPLE = Path(str(files("medenc").joinpath("sample")))


def test_tasks_are_trained_and_measured(tmp_path):
    results = {result.id: result.numbers for result in load("tasks", tmp_path / "runs", smoke=True).run()}
    assert set(results["questions"]["seeds"]) == {"0", "1"}
    assert set(results["measured"]["scores"]) == {"model", "baseline"}
    assert all(result.skipped for result in load("tasks", tmp_path / "runs", smoke=True).run())


def test_cblue_is_learned_measured_and_handed_in(tmp_path):
    results = {result.id: result for result in load("zh-ernie-health", tmp_path / "runs", smoke=True).run()}
    trained = {id_ for id_, result in results.items() if "fit" in result.numbers}
    assert len(trained) == 8
    for id_ in trained:
        assert set(results[f"measured_{id_}"].numbers["scores"]) == {"model", "baseline"}
        (handed_in,) = results[f"answers_{id_}"].out.glob("*_test.json")
        assert handed_in.stat().st_size
    assert results["measured_qqr"].numbers["scores"]["baseline"]["accuracy"] == 0.5  # NA became 0


def some(recipe, *names):
    """The recipe with the steps whose names are these, and those that measure them."""
    steps = {id_: own for id_, own in recipe.file.step.items() if id_.removeprefix("measured_") in names}
    return Recipe(recipe.file.model_copy(update={"step": steps}), recipe.out, smoke=True)


def test_a_task_of_each_kind_of_blurb_runs(tmp_path):
    recipe = some(load("en-biolinkbert", tmp_path, smoke=True), "chemprot", "hoc", "pico", "naturalqa", "medqa")
    results = {result.id: result.numbers for result in recipe.run()}
    assert [results[f"measured_{id_}"]["main"] for id_ in ("chemprot", "hoc", "pico", "naturalqa", "medqa")] == [
        "micro_f1",
        "micro_f1",
        "macro_f1",
        "f1",
        "accuracy",
    ]
    assert results["chemprot"]["read"][0]["filtered"] == {"a header": 1}  # else it were a class


@pytest.mark.slow
def test_every_set_of_biolinkbert_runs(tmp_path):
    results = {result.id: result.numbers for result in load("en-biolinkbert", tmp_path, smoke=True).run()}
    assert len([id_ for id_ in results if id_.startswith("measured_")]) == 13 + 6 + 2
    sets = results["blurb"]["sets"]
    assert results["blurb"]["types"]["question answering"] == (sets["PubMedQA"] + sets["BioASQ"]) / 2


def test_a_data_set_that_the_source_lacks_is_an_instruction(tmp_path):
    shutil.copytree(SAMPLE / "cblue", tmp_path / "cblue", ignore=shutil.ignore_patterns("KUAKE-QIC"))
    overrides = [f"source.cblue.path={tmp_path / 'cblue'}", f"source.encoder.path={SAMPLE / 'encoder'}"]
    recipe = load("zh-ernie-health", tmp_path / "runs", overrides)
    with pytest.raises(MedencError, match=r"qic: the data is not at .*KUAKE-QIC_train.json.*give source.cblue.path="):
        recipe.run(only="qic")
