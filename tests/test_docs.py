"""The documents speak of what there is."""

import re
from pathlib import Path

import pytest

import medenc
from medenc.cli import app
from medenc.core.plugins import PACKAGES, find, modules

ROOT = Path(medenc.__file__).parents[2]
COMMANDS = {command.name or command.callback.__name__ for command in app.registered_commands}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if (ROOT / "README.md").exists() else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_paths_and_pictures_exist(page):
    text = page.read_text()
    named = set(re.findall(r"(?m)^\s+medenc ([a-z]+)", text)) | set(re.findall(r"`medenc ([a-z]+)", text))
    assert named <= COMMANDS, f"unknown commands: {named - COMMANDS}"
    linked = re.findall(
        r"`((?:docs|benchmarks|tests)/[\w./]+\.\w+)`|python (benchmarks/\w+\.py)|!\[.*?\]\((.+?)\)", text
    )
    for path in (part for match in linked for part in match if part):
        assert (ROOT / path).exists() or (page.parent / path).exists(), path


def test_the_tour_names_real_files():
    text = (ROOT / "docs/tour.md").read_text() if PAGES else ""
    for name in re.findall(r"`(\w+(?:/\w+)*\.(?:py|toml))`", text):
        assert list((ROOT / "src/medenc").glob(name)) or (ROOT / name).exists(), name


def test_every_package_and_command_is_in_the_tour():
    """Seen to fail for the packages and commands that had come since it was written."""
    text = (ROOT / "docs/tour.md").read_text() if PAGES else ""
    tracked = {path.parent.name for path in (ROOT / "src/medenc").glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)`", text))
    assert not PAGES or not (tracked | COMMANDS) - named


@pytest.mark.parametrize("kind", PACKAGES)
def test_every_kind_of_plugin_is_explained_with_methods_that_it_has(kind):
    """Seen to fail for an objective, whose methods had changed."""
    if not PAGES:
        pytest.skip("without the documents")
    (row,) = re.findall(
        rf"(?m)^\| {kind} \| `{re.escape(PACKAGES[kind])}` \| (.+) \|$", (ROOT / "docs/adding.md").read_text()
    )
    for method in re.findall(r"`(\w+)\(", row):
        assert all(hasattr(find(kind, name), method) for name in modules(kind)), method


def test_every_command_is_in_the_readme():
    if PAGES:
        missing = {name for name in COMMANDS if not re.search(rf"\b{name}\b", PAGES[0].read_text())}
        assert not missing
