"""The peer: Syne Tune's simulator, in an environment of its own, since it needs an older pandas than ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from platformdirs import user_cache_path

from nasbench_sparse.tabular.table import Table

VERSION = "0.16.0"

NAME = f"Syne Tune {VERSION}"

REQUIREMENTS = (
    "pandas==2.3.3",
    "numpy==2.4.6",
    "scikit-learn==1.9.1",
    "fastparquet",
    "huggingface_hub",
    "dill",
    "sortedcontainers",
    "tqdm",
    "psutil",
    "typing_extensions",
)
"""What its simulator imports; it asks for xgboost and statsmodels too, 700 MB that no simulation needs."""

PROGRAM = Path(__file__).with_name("syne_tune_program.py")


class PeerError(Exception):
    """Syne Tune cannot be installed, or ended in the middle of a request."""


def environment() -> Path:
    """Return where its environment is, or would be."""
    return user_cache_path("nasbench-sparse") / f"syne-tune-{VERSION}"


def install() -> None:
    """Make the environment, from a package index: about 450 MB on disk; nothing to do if it is there.

    Raises:
        PeerError: pip failed, with its last line.
    """
    if _python().exists():
        return
    fresh = environment().with_name(f"{environment().name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    venv.create(fresh, with_pip=True)
    for what in (("--no-deps", f"syne-tune=={VERSION}"), REQUIREMENTS):
        command = [str(fresh / "bin" / "python"), "-m", "pip", "install", "--quiet", *what]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise PeerError(f"{NAME} cannot be installed: {said[-1] if said else 'pip failed'}")
    fresh.rename(environment())


class Peer:
    """Syne Tune's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, what: str, **values: object) -> dict[str, float]:
        """Have a method of `syne_tune_program.Program` called, and return its answer.

        Raises:
            PeerError: the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, "with": values}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"{NAME} ended while asked to {what}; its traceback is above")
        answer: dict[str, float] = json.loads(line)
        return answer


@contextmanager
def started(table: Table) -> Iterator[Peer | None]:
    """Start Syne Tune with a table loaded; None where it is not installed, see `written`."""
    with written(table) as folder:
        if folder is None:
            yield None
            return
        with process() as peer:
            peer.ask("load", folder=str(folder))
            yield peer


@contextmanager
def written(table: Table) -> Iterator[Path | None]:
    """Write a table in Syne Tune's own format; None, and a sentence on stderr, where it is not installed."""
    if not _python().exists():
        hint = "python -m benchmarks --install-peers makes one"
        print(f"{NAME} is left out: it has no environment at {environment()}; {hint}", file=sys.stderr)
        yield None
        return
    with TemporaryDirectory() as folder:
        arrays, ready = Path(folder, "table.npz"), Path(folder, "table")
        _write_arrays(table, arrays)
        with process() as peer:
            peer.ask("write", arrays=str(arrays), folder=str(ready))
        yield ready


@contextmanager
def process() -> Iterator[Peer]:
    """Start a process of Syne Tune, which keeps what it records in a folder that is removed at the end."""
    with TemporaryDirectory() as folder:
        command = [str(_python()), str(PROGRAM)]
        apart = {**os.environ, "SYNETUNE_FOLDER": folder, "PYTHONPATH": ""}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=apart
        ) as child:
            yield Peer(child)


def _write_arrays(table: Table, file: Path) -> None:
    """Write configs (configs, genes) and values (configs, epochs, columns) of a complete table, one replicate."""
    names, epochs = table.task.space.fields, table.task.fidelity.max
    genes = np.array([[str(config[name]) for name in names] for config in table.configs])
    values = table.curves.values.reshape(len(genes), epochs, -1)
    np.savez(file, names=np.array(names), genes=genes, values=values, columns=np.array(table.curves.names))


def _python() -> Path:
    return environment() / "bin" / "python"
