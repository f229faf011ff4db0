"""What the terminal shows of a recipe's steps."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from medenc import terminal
from medenc.core.plugins import find
from medenc.search.linker import Linked

MEASURED = {
    "n_queries": 4,
    "leaks": {"queries": {"exact": 0}},
    "scores": {"lexical": {"RR@10": 0.5}, "dense": {"RR@10": 0.0}},
    "intervals": {"lexical": {"RR@10": [0.25, 0.75]}, "dense": {"RR@10": [0.0, 0.0]}},
    "tests": [{"a": "dense", "b": "lexical", "measure": "RR@10", "difference": -0.5, "interval": [-1, 0], "p": 0.125}],
    "slices": [],
}


def shown(numbers, reference=None):
    step = SimpleNamespace(id="made", numbers=numbers, out=Path("made"))
    return terminal.steps([step], {"made": reference} if reference else {})


def test_a_score_of_nothing_is_shown_and_a_count_of_nothing_is_not():
    numbers = {"fit": {"loss": 0.0, "skipped": 0, "steps": 3}, "examples": ["a"]}
    assert shown(numbers) == "made: fit.loss 0.0, fit.steps 3"


def test_the_measurement_of_a_search_is_a_table_above_the_published_numbers():
    lines = shown(MEASURED, {"card": {"RR@10": 0.3391}}).splitlines()
    assert lines[0] == "made: n_queries 4"
    assert [line.split() for line in lines[1:4]] == [
        ["RR@10"],
        ["lexical", "0.500", "[0.250,", "0.750]"],
        ["dense", "0.000", "[0.000,", "0.000]"],
    ]
    assert any("dense - lexical" in line and "0.1250" in line for line in lines)
    assert lines[-1] == "made, published: card.RR@10 0.3391"


def test_a_plug_in_shows_its_options_with_types_and_defaults():
    lines = terminal.plugin("mine", find("step", "mine")).splitlines()
    assert lines[0].startswith("mine  Negatives as a run file")
    options = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert options["index"] == ["Path", "required"]
    assert options["depth"] == ["int", "200"]
    assert options["sampling"] == ["'top'", "|", "'random'", "'random'"]


def test_links_tell_whether_none_of_them_is_meant():
    bare = Linked("골절", [])
    assert "--calibrate" in terminal.links([bare])
    assert "0.964" in (told := terminal.links([replace(bare, none_probability=0.9642)]))
    assert "none of these" in told
    assert "--calibrate" not in told


def test_a_choice_fits_on_a_line():
    """Seen to fail: the probabilities of options have no names."""
    result = {"choice": 1, "option": "와파린", "probabilities": [0.2, 0.7, 0.1]}
    assert terminal.prediction(result) == "1  와파린  1 0.700  0 0.200  2 0.100"
