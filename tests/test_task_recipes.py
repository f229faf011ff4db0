"""The bundled recipes of tasks run on their stand-ins."""

from medenc.recipe import load


def test_tasks_are_trained_and_measured(tmp_path):
    results = {result.id: result.numbers for result in load("tasks", tmp_path / "runs", smoke=True).run()}
    assert set(results["questions"]["seeds"]) == {"0", "1"}
    assert set(results["measured"]["scores"]) == {"model", "baseline"}
    assert all(result.skipped for result in load("tasks", tmp_path / "runs", smoke=True).run())
