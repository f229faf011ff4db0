"""Plug-ins: one behaviour with its options in its own file; the file name is the registration.

`use = "contrastive"` under the kind `objective` is the class in `medenc/objectives/contrastive.py`. Other packages
add plug-ins through the entry-point group `medenc.<kind>`, whose values are module names.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from medenc.core.errors import MedencError, did_you_mean
from medenc.core.options import Options

PACKAGES = {
    "reader": "medenc.data.readers",
    "transform": "medenc.data.transforms",
    "language": "medenc.text.languages",
    "objective": "medenc.objectives",
    "task": "medenc.tasks",
    "head": "medenc.models.heads",
    "backend": "medenc.runtime.backends",
    "step": "medenc.steps",
    "system": "medenc.bench.systems",
}


class Plugin(Options):
    """A behaviour: the fields are its options, the methods are what it does."""


def modules(kind: str) -> dict[str, str]:
    """Names of the plug-ins of a kind and their modules; nothing is imported but the kind's empty package."""
    if kind not in PACKAGES:
        raise MedencError(f"no such kind of plug-in: '{kind}'", hint=did_you_mean(kind, PACKAGES))
    found = {point.name: point.value for point in entry_points(group=f"medenc.{kind}")}
    try:
        package = importlib.import_module(PACKAGES[kind])
    except ModuleNotFoundError as error:
        if error.name and PACKAGES[kind].startswith(error.name):  # a kind without a plug-in yet
            return found
        raise
    found |= {module.name: f"{PACKAGES[kind]}.{module.name}" for module in pkgutil.iter_modules(package.__path__)}
    return dict(sorted(found.items()))


def find(kind: str, name: str, where: str | None = None) -> type[Plugin]:
    """The plug-in class `name` of `kind`, asked for at `where`.

    Raises: MedencError for an unknown name, with the nearest one.
    """
    known = modules(kind)
    if name not in known:
        raise MedencError(f"no such {kind}: '{name}'", where=where, hint=did_you_mean(name, known))
    module = importlib.import_module(known[name])
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Plugin) and value.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise MedencError(f"a plug-in file defines exactly one Plugin, found {len(own)}", where=known[name])
    return own[0]


def build(kind: str, values: Mapping[str, Any], where: str) -> Plugin:
    """A plug-in from a table such as `{use = "contrastive", temperature = 0.05}` that stands at `where`."""
    if "use" not in values:
        raise MedencError(f"which {kind}? `use` is required", where=where, hint=f"known: {', '.join(modules(kind))}")
    options = {key: value for key, value in values.items() if key != "use"}
    return find(kind, str(values["use"]), where).parse(options, where)
