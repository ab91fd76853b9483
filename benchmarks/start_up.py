"""Start-up of the command line and of the package, in fresh processes."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.measurement import Measurement, medians, seconds

BIN = Path(sys.executable).parent


def measure(*, repetitions: int = 7) -> list[Measurement]:
    """Time `--help`, tab completion and imports, beside a Python that does nothing."""
    commands = [
        [str(BIN / "nasbench-sparse"), "--help"],
        [str(BIN / "optuna"), "--help"],
        [sys.executable, "-c", "import nasbench_sparse as nbs; nbs.run"],
        [sys.executable, "-c", "import optuna"],
        [sys.executable, "-c", "pass"],
    ]
    our_help, peer_help, ours, theirs, nothing = medians(
        *(partial(_seconds, command) for command in commands), repetitions=repetitions
    )
    what = f"a fresh process, its files cached; `python -c pass` took {nothing:.2g} s"
    return [
        Measurement("--help", our_help, "s", 0.3, "optuna --help", peer_help, what),
        Measurement("import of nbs.run", ours, "s", None, "import optuna", theirs, what),
    ]


def _seconds(command: list[str]) -> float:
    return seconds(partial(subprocess.run, command, check=True, capture_output=True))
