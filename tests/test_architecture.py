"""The shape of the code: layers, light imports, no unsafe formats."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import medenc

ROOT = Path(medenc.__file__).parent
LAYER = {
    "core": 0,
    "text": 1,
    "metrics": 1,
    "data": 2,
    "decoding": 2.5,
    "models": 3,
    "tasks": 3,
    "search": 3,
    "objectives": 4,
    "runtime": 4,
    "train": 5,
    "evaluation": 5,
    "steps": 6,
    "recipe": 6,
    "bench": 5,
    "api": 6,
    "serve": 6,
    "demo": 7,
    "doctor": 7,
    "terminal": 7,
    "cli": 7,
}
MODULES = sorted(p for p in ROOT.rglob("*.py") if p not in (ROOT / "__init__.py", ROOT / "__main__.py"))
NEEDS_TORCH = (
    "models",
    "objectives",
    "train",
    "runtime/export.py",
    "runtime/backends/torch.py",
    "bench/systems",
    "bench/random_model.py",
)


def imports(path: Path) -> list[tuple[str, bool]]:
    """Absolute names a module imports, and whether at import time."""
    tree = ast.parse(path.read_text())
    late = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef) for n in ast.walk(f)}
    late |= {
        id(n)
        for f in ast.walk(tree)
        if isinstance(f, ast.If) and "TYPE_CHECKING" in ast.unparse(f.test)
        for n in ast.walk(f)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) not in late) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{a.name}" for a in node.names] if node.module == "medenc" else [node.module]
            found += [(str(name), id(node) not in late) for name in names]
    return found


def room(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "medenc" and len(parts) > 1 and parts[1] != "__version__" else None


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_package_imports_only_lower_layers(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert own in LAYER, f"{own} has no layer: add it to the picture in docs/tour.md and here"
    for name, _ in imports(path):
        other = room(name)
        if other is not None and other != own:
            assert LAYER[other] <= LAYER[own], f"{own} imports {other}"
            assert LAYER[other] < LAYER[own] or LAYER[own] >= 6, f"{own} and {other} are on one layer"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_torch_only_where_models_are_trained_or_converted(path):
    if path.relative_to(ROOT).as_posix().startswith(NEEDS_TORCH):
        return
    heavy = [name for name, _ in imports(path) if name.split(".")[0] in ("torch", "transformers", "accelerate")]
    assert not heavy, f"{path} imports {heavy}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_unsafe_loading_and_no_swallowed_errors(path):
    tree = ast.parse(path.read_text())
    banned = {"pickle", "shelve", "marshal", "dill", "joblib", "cloudpickle"}
    assert not [name for name, _ in imports(path) if name.split(".")[0] in banned]
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            reraises = any(isinstance(n, ast.Raise) for n in ast.walk(node))
            assert reraises or caught not in ("everything", "Exception", "BaseException"), f"{path}:{node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            assert ast.unparse(node.value) == "False"


BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "accelerate"}:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
"""


def blocked(code: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run code in a process in which torch and transformers cannot be imported."""
    return subprocess.run([sys.executable, "-c", BLOCK + code, *arguments], capture_output=True, text=True)


def test_the_block_blocks():
    assert "torch is blocked" in blocked("import torch").stderr


COMMANDS = [
    c.name or c.callback.__name__.strip("_") for c in __import__("medenc.cli", fromlist=["app"]).app.registered_commands
]


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS]], ids=lambda c: " ".join(c) or "medenc")
def test_help_needs_no_torch(command):
    code = f"sys.argv = ['medenc', *{command!r}, '--help']\nfrom medenc.cli import main\nmain()"
    done = blocked(code)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_import_has_no_effect_and_no_weight():
    code = "import medenc, medenc.cli\nprint(sorted(m for m in sys.modules if '.' not in m))"
    loaded = blocked(code).stdout
    for heavy in ("numpy", "lancedb", "openvino", "kiwipiepy", "rich", "pyarrow"):
        assert f"'{heavy}'" not in loaded
