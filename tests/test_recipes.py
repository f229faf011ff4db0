"""Every bundled recipe runs on its stand-ins, or says how its data is obtained."""

import pytest

from medenc.core.errors import MedencError
from medenc.recipe import bundled, load


@pytest.mark.parametrize("name", ["ko-sapbert-dpr", "retrieval", "sample", "zh-corom"])
def test_smoke(name, tmp_path):
    results = load(name, tmp_path / "runs", smoke=True).run()
    assert not any(result.skipped for result in results)
    assert set(results[-1].numbers["scores"]) == {"lexical", "dense", "hybrid"}
    assert all(result.skipped for result in load(name, tmp_path / "runs", smoke=True).run())


@pytest.mark.parametrize("name", sorted(set(bundled()) - {"sample"}))
def test_missing_data_is_an_instruction(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MedencError, match=r"the data is not at .*give source\.\w+\.path="):
        load(name)
