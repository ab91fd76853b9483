"""The installed package holds what the checkout tracks."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tracked() -> list[str]:
    run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        pytest.skip("not a git checkout")
    return run.stdout.split()


def test_every_tracked_folder_is_a_listed_package() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    expected = set()
    for name in tracked():
        path = Path(name)
        if path.name == "__init__.py" and path.parts[0] in {
            "nasbench_sparse",
            "search_spaces",
            "tasks",
            "leaderboard",
        }:
            place = path.parent.as_posix()
            inside = place if place.startswith("nasbench_sparse") else f"nasbench_sparse/{place}"
            expected.add(inside.replace("/", "."))
    assert listed == expected


def test_data_files_are_listed_as_package_data() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for name in tracked():
        path = Path(name)
        if (
            path.parts[0] not in {"nasbench_sparse", "search_spaces", "tasks", "leaderboard"}
            or path.suffix == ".py"
        ):
            continue
        inside = path if path.parts[0] == "nasbench_sparse" else Path("nasbench_sparse") / path
        listed = [
            inside.match(f"{package.replace('.', '/')}/{pattern}")
            for package, patterns in data.items()
            for pattern in patterns
        ]
        assert any(listed), f"{name} would be missing from the wheel"
