"""Recipes: a short TOML list of steps, each reading finished folders and writing one.

name = "sample"
[source.sample]                 # data from outside: path, sha256, sample (a small stand-in), get (how to obtain it)
path = "package:sample"
[step.tokenizer]                # the order of the tables is the order of the run
use = "tokenizer"
texts = ["@sample"]             # "@id/sub" is a path inside a source or an earlier step's output; "@@x" is "@x"
[reference.evaluate]            # published numbers, printed beside ours, never asserted
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, cast

from medenc.core import artifact, processes
from medenc.core.errors import MedencError, did_you_mean
from medenc.core.files import content_digest
from medenc.core.options import Options
from medenc.core.plugins import build


class Step(Protocol):
    """What a plug-in of the kind `step` is: options as fields, and these."""

    kind: ClassVar[str]
    version: ClassVar[int]

    def run(self, draft: artifact.Draft) -> None:
        """Fill `draft.folder`, `draft.numbers` and `draft.facts`."""
        ...

    def paths(self) -> Iterable[Path]:
        """The files and folders that it reads."""
        ...

    def smoke(self) -> Self:
        """The same step, shrunk until it only proves that everything fits together."""
        ...


class Source(Options):
    """Data from outside: where it is, its digest, a small stand-in, and how to obtain it."""

    path: str
    sha256: str | None = None
    sample: str | None = None
    get: str | None = None


class RecipeFile(Options):
    """The tables of a recipe file."""

    name: str
    about: str = ""
    source: dict[str, Source] = {}
    step: dict[str, dict[str, Any]]
    reference: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Result:
    """One step of a run, as `run --json` prints it."""

    id: str
    skipped: bool
    seconds: float
    out: Path
    numbers: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready copy."""
        return {**self.__dict__, "out": str(self.out)}


class Recipe:
    """A checked recipe, ready to run into the folder `out`."""

    def __init__(self, file: RecipeFile, out: Path, *, smoke: bool = False) -> None:
        self.file, self.out, self.smoke = file, out, smoke
        self.steps = {id_: self._build(id_, values) for id_, values in file.step.items()}

    def run(
        self,
        *,
        only: str | None = None,
        start: str | None = None,
        force: bool = False,
        report: Callable[[Result], None] = lambda _: None,
    ) -> list[Result]:
        """Run the steps in order; finished ones (same options, inputs and step version) are skipped.

        Of several processes the first runs the steps; the others take part in trainings and wait meanwhile.

        Args:
            only: run this step alone, forced; the earlier ones must be finished.
            start: run again from this step on.
            force: run every step again.
            report: called after each step.
        """
        self._must_exist(only)
        self._must_exist(start)
        results, forced = [], force
        with _together() as meet:
            for id_ in self.steps:
                forced = forced or id_ == start
                if only is None or id_ == only:
                    results.append(self._run_step(id_, forced or id_ == only, meet))
                    report(results[-1])
        return results

    def describe(self) -> dict[str, Any]:
        """Every step with every default filled in, for `medenc check`."""
        steps = {id_: cast(Options, step).model_dump(mode="json") for id_, step in self.steps.items()}
        return {
            "name": self.file.name,
            "sources": {id_: str(self._source(id_)) for id_ in self.file.source},
            "steps": steps,
            "out": str(self.out),
        }

    def _run_step(self, id_: str, forced: bool, meet: Callable[[str], None]) -> Result:
        meet(f"before {id_}")
        began, skipped = time.perf_counter(), self._skipped(id_, forced)
        meet(f"after {id_}")
        numbers = artifact.open_artifact(self.out / id_).manifest["numbers"]
        return Result(id_, skipped, round(time.perf_counter() - began, 3), self.out / id_, numbers)

    def _skipped(self, id_: str, forced: bool) -> bool:
        """Run a step, or find that it is finished already."""
        step, out = self.steps[id_], self.out / id_
        options, inputs = self.file.step[id_] | {"smoke": self.smoke}, self._inputs(id_)
        expected = artifact.fingerprint(step.kind, options, inputs, step.version)
        if not forced and artifact.is_current(out, expected):
            return True
        if processes.rank() == 0:
            with artifact.writing(out, step.kind, options=options, inputs=inputs, version=step.version) as draft:
                step.run(draft)
        elif hasattr(step, "assist"):
            step.assist(out)
        return False

    def _inputs(self, id_: str) -> dict[str, str]:
        """Content digests of every "@…" that the step's options name, and of every file that they name outright."""
        named = {ref: self._present(ref, id_) for ref in sorted(_references(self.file.step[id_]))}
        outright = {path for path in self.steps[id_].paths() if path.exists()}.difference(named.values())
        named |= {str(path): path for path in sorted(outright)}
        return {name: artifact.input_content(path) for name, path in named.items()}

    def _build(self, id_: str, values: Mapping[str, Any]) -> Step:
        resolved = _replace(values, lambda ref: str(self._path(ref, id_)))
        try:
            step = cast(Step, build("step", resolved, id_))
        except MedencError as error:
            inner = error.where if error.where is not None and error.where.split(".")[0] != id_ else None
            if inner is None:
                raise
            raise MedencError(error.message, where=f"{id_}.{inner}", hint=error.hint) from None
        return step.smoke() if self.smoke else step

    def _path(self, ref: str, asker: str) -> Path:
        """What "@id/sub" means in step `asker`: a path inside a source or an earlier step's output."""
        id_, _, sub = ref.removeprefix("@").partition("/")
        earlier = list(self.file.step)[: list(self.file.step).index(asker)]
        if id_ in self.file.source:
            base = self._source(id_)
        elif id_ in earlier:
            base = self.out / id_
        else:
            known = [*self.file.source, *earlier]
            raise MedencError(
                f"'{ref}' names no source and no earlier step",
                where=asker,
                hint=f"{did_you_mean(id_, known)}; a text that begins with @ is written '@{ref}'",
            )
        return base / sub if sub else base

    def _present(self, ref: str, asker: str) -> Path:
        """What "@id/sub" means; a part that a source lacks (one data set of many) is obtained as the source is."""
        path, source = self._path(ref, asker), self.file.source.get(ref.removeprefix("@").partition("/")[0])
        if source and not path.exists():
            raise MedencError(f"the data is not at {path}", where=asker, hint=source.get)
        return path

    def _source(self, id_: str) -> Path:
        """Where a source's data is; when it is missing, the error is the instruction."""
        source = self.file.source[id_]
        path = _located(source.sample if self.smoke and source.sample else source.path)
        if not path.exists():
            raise MedencError(f"the data is not at {path}", where=f"source.{id_}", hint=source.get)
        if source.sha256 and not self.smoke and content_digest(path) != source.sha256:
            raise MedencError(f"the data at {path} is not the declared one", where=f"source.{id_}", hint=source.get)
        return path

    def _must_exist(self, id_: str | None) -> None:
        if id_ is not None and id_ not in self.steps:
            raise MedencError(f"no such step: '{id_}'", where=self.file.name, hint=did_you_mean(id_, self.steps))


@contextmanager
def _together() -> Iterator[Callable[[str], None]]:
    """What waits for all processes at a named place; nothing with one process."""
    if processes.count() == 1:
        yield lambda _: None
        return
    from medenc.train.team import Team  # torch: only where processes train together

    team = Team.joined()
    try:
        yield team.meet
    finally:
        team.part()


def load(name: str | Path, out: Path | None = None, overrides: Iterable[str] = (), *, smoke: bool = False) -> Recipe:
    """Read a recipe file, or a bundled recipe by its name, and check it whole.

    Args:
        name: path of a TOML file, or the name of a bundled recipe (`sample`).
        out: where the artifacts go; `runs/<recipe name>` by default.
        overrides: dotted changes such as `sap.fit.learning_rate=2e-5` or `source.x.path=/data`,
            checked like the file.
        smoke: take every source's stand-in and shrink every step.
    """
    path = _recipe_path(str(name))
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MedencError(f"not a TOML file: {error}", where=path) from None
    for override in overrides:
        _override(tables, override)
    file = RecipeFile.parse(tables, path.name)
    return Recipe(file, out or Path("runs") / (file.name + ("-smoke" if smoke else "")), smoke=smoke)


def bundled() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(Path(str(p)).stem for p in files("medenc").joinpath("recipes").iterdir() if p.name.endswith(".toml"))


def _recipe_path(name: str) -> Path:
    path = Path(str(files("medenc").joinpath("recipes", f"{name}.toml"))) if name in bundled() else Path(name)
    if not path.is_file():
        raise MedencError("no such recipe", where=name, hint=did_you_mean(Path(name).stem, bundled()))
    return path


def _located(path: str) -> Path:
    """A source's path; `package:x` lies inside the installed package."""
    inside = path.removeprefix("package:")
    return Path(str(files("medenc").joinpath(inside))) if inside != path else Path(path).expanduser()


def _override(tables: dict[str, Any], text: str) -> None:
    """Apply `a.b.c=value`; the value is TOML, or a bare word taken as a string."""
    place, equals, value = text.partition("=")
    if not equals:
        raise MedencError("an override is KEY=VALUE", where=text)
    keys = place.strip().split(".")
    table = tables if keys[0] in ("name", "source", "reference") else tables.get("step", {})
    if table is not tables and keys[0] not in table:
        raise MedencError(f"no such step: '{keys[0]}'", where=place, hint=did_you_mean(keys[0], table))
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise MedencError(f"'{key}' is a value, not a table", where=place)
    table[keys[-1]] = _toml_value(value.strip())


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _references(value: Any) -> set[str]:
    """Every "@…" string inside a nested value."""
    found: list[str] = []

    def note(ref: str) -> str:
        found.append(ref)
        return ref

    _replace(value, note)
    return set(found)


def _replace(value: Any, resolve: Callable[[str], str]) -> Any:
    """A copy of a nested value with every "@…" string put through `resolve`; "@@…" stands for a text with one "@"."""
    if isinstance(value, Mapping):
        return {key: _replace(item, resolve) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replace(item, resolve) for item in value]
    if isinstance(value, str) and value.startswith("@@"):
        return value[1:]
    return resolve(value) if isinstance(value, str) and value.startswith("@") else value
