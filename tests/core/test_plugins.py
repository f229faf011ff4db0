"""The file name is the registration."""

import sys

import pytest

from medenc.core import plugins
from medenc.core.errors import MedencError


@pytest.fixture
def kind(tmp_path, monkeypatch):
    package = tmp_path / "toy_plugins"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "shout.py").write_text(
        "from medenc.core.plugins import Plugin\nclass Shout(Plugin):\n    times: int = 1\n"
        "    def apply(self, text):\n        return text.upper() * self.times\n"
    )
    (package / "empty.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(plugins.PACKAGES, "toy", "toy_plugins")
    yield "toy"
    for name in [n for n in sys.modules if n.startswith("toy_plugins")]:
        del sys.modules[name]


def test_a_file_is_a_plugin(kind):
    assert list(plugins.modules(kind)) == ["empty", "shout"]
    assert plugins.build(kind, {"use": "shout", "times": 2}, "here").apply("a") == "AA"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"use": "shuot"}, "did you mean 'shout'"),
        ({}, "`use` is required"),
        ({"use": "shout", "tims": 1}, "here.tims: no such option"),
        ({"use": "empty"}, "exactly one Plugin, found 0"),
    ],
)
def test_mistakes_are_named(kind, values, message):
    with pytest.raises(MedencError, match=message):
        plugins.build(kind, values, "here")


def test_unknown_kind():
    with pytest.raises(MedencError, match="did you mean 'reader'"):
        plugins.modules("raeder")


@pytest.mark.parametrize("kind", list(plugins.PACKAGES))
def test_every_plugin_of_the_package_loads(kind):
    for name in plugins.modules(kind):
        assert issubclass(plugins.find(kind, name), plugins.Plugin)
