"""Who may import whom, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERNEL = ROOT / "nasbench_sparse"
CONTENT = ("search_spaces", "tasks", "leaderboard")

ALLOWED = {
    "core": {"core"},
    "nn": {"core", "nn"},
    "sparsity": {"core", "sparsity"},
    "measures": {"core", "nn", "sparsity", "measures"},
    "data": {"data", "vision"},
    "training": {"core", "data", "measures", "nn", "sparsity", "training"},
    "optimizers": {"core", "optimizers", "registry"},
    "executors": {"core", "executors", "registry"},
    "store": {"core", "store", "executors"},
    "tabular": {"core", "executors", "store", "runner", "registry", "tabular"},
    "runner": {"core", "executors", "store", "registry", "runner"},
}

HEAVY = {"ray": "executors/ray", "optuna": "optimizers/optuna", "smac": "optimizers/smac", "duckdb": "store/"}


def sources() -> list[Path]:
    folders = [KERNEL, *(ROOT / name for name in CONTENT)]
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def imported(path: Path, *, eager_only: bool = False) -> Iterator[str]:
    """Yield dotted names of imported modules; type-checking blocks are left out, functions too if `eager_only`."""
    stack: list[ast.AST] = [ast.parse(path.read_text())]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            stack.extend(node.orelse)
            continue
        if eager_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
        stack.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_room_imports_only_rooms_it_stands_on(room: str) -> None:
    own = {"errors", *ALLOWED[room]}
    for path in (KERNEL / room).rglob("*.py"):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "nasbench_sparse" and len(parts) > 1:
                assert parts[1] in own, f"{path.relative_to(ROOT)} imports {name}"


def test_kernel_never_imports_content() -> None:
    for path in KERNEL.rglob("*.py"):
        if path.relative_to(KERNEL).parts[0] == "cli":
            continue
        for name in imported(path):
            assert not name.startswith(tuple(f"nasbench_sparse.{c}" for c in CONTENT)), f"{path}: {name}"


def test_leaderboard_never_imports_torch_or_ray() -> None:
    for path in (ROOT / "leaderboard").rglob("*.py"):
        for name in imported(path):
            assert name.split(".")[0] not in {"torch", "ray"}, f"{path}: {name}"


def test_heavy_libraries_have_one_adapter_each() -> None:
    for path in sources():
        place = path.relative_to(ROOT / "nasbench_sparse").as_posix() if path.is_relative_to(KERNEL) else ""
        for name in imported(path):
            home = HEAVY.get(name.split(".")[0])
            if home is not None and not place.startswith(("cli/doctor", home)):
                pytest.fail(f"{path.relative_to(ROOT)} imports {name}; its adapter is nasbench_sparse/{home}")


def test_nothing_imports_pickle() -> None:
    for path in sources():
        assert not {"pickle", "dill", "cloudpickle"} & {n.split(".")[0] for n in imported(path)}, path


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, nasbench_sparse as nbs; nbs.list_tasks(); nbs.Optimizer; nbs.Store; "
        "heavy = 'torch ray smac optuna duckdb polars ConfigSpace scipy'.split(); "
        "print([name for name in heavy if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
