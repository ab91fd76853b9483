"""Provenance: on what, and with which versions, a run was made."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("nasbench-sparse", "torch", "numpy", "duckdb", "optuna", "smac", "ray", "ConfigSpace")


@cache
def provenance() -> dict[str, Any]:
    """Return versions, git revision, host, processor and thread settings, without importing what they name."""
    return {
        "versions": {"python": platform.python_version(), **{p: v for p in PACKAGES if (v := _version(p))}},
        "git_revision": _git_revision(),
        "host": platform.node(),
        "platform": platform.platform(),
        "device": _processor(),
        "cores": os.cpu_count(),
        "threads_per_trial": 1,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """The revision of the checkout this package lies in, with "+" if it was changed; None when installed."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        run = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.strip() or None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
