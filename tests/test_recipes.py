"""Every bundled recipe runs on its stand-ins, or says how its data is obtained."""

import tomllib
from importlib.resources import files

import pytest

from medenc.core.errors import MedencError
from medenc.recipe import bundled, load


@pytest.mark.parametrize("name", ["ko-sapbert-dpr", "retrieval", "sample", "warm-retrieval", "zh-corom"])
def test_smoke(name, tmp_path):
    results = load(name, tmp_path / "runs", smoke=True).run()
    assert not any(result.skipped for result in results)
    assert set(results[-1].numbers["scores"]) == {"lexical", "dense", "hybrid"}
    assert all(result.skipped for result in load(name, tmp_path / "runs", smoke=True).run())


def test_questions_pass_from_squad_to_bioasq(tmp_path):
    results = load("en-biom-electra-qa", tmp_path / "runs", smoke=True).run()
    by_id = {result.id: result.numbers for result in results}
    assert by_id["factoid"]["heads"] == by_id["list"]["heads"] == "loaded"
    assert {"exact", "f1", "strict", "lenient", "mrr"} <= set(by_id["measured"]["scores"]["model"])
    assert by_id["measured_list"]["scores"]["model"].keys() >= {"list_f1"}
    assert by_id["measured_yes_no"]["scores"]["model"].keys() >= {"macro_f1"}


@pytest.mark.parametrize("name", bundled())
def test_nothing_is_tuned_on_what_measures(name):
    """Seen to fail for en-biom-electra-qa, whose threshold was tuned on the rows that the next step measured."""
    steps = tomllib.loads(files("medenc").joinpath("recipes", f"{name}.toml").read_text(encoding="utf-8"))["step"]
    seen = [source for step in steps.values() for source in step.get("dev", [])]
    seen += [{"path": step["calibrate"]} for step in steps.values() if "calibrate" in step]
    measured = [step for step in steps.values() if step["use"] in ("evaluate_task", "evaluate_linking")]
    paths = [step["mentions"] for step in measured if "mentions" in step]
    paths += [source["path"] for step in measured for source in step.get("data", [])]
    assert not {source["path"] for source in seen} & set(paths)


@pytest.mark.parametrize("name", sorted(set(bundled()) - {"sample"}))
def test_missing_data_is_an_instruction(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MedencError, match=r"the data is not at .*give source\.\w+\.path="):
        load(name)
