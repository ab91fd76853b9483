"""Start-up of the command line and of the package, in fresh processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.measurement import Measurement, medians, seconds

OURS, PEER = (str(Path(sys.executable).parent / name) for name in ("nasbench-sparse", "optuna"))
TAB = {
    "_NASBENCH_SPARSE_COMPLETE": "complete_bash",
    "COMP_WORDS": "nasbench-sparse run --task digits",
    "COMP_CWORD": "3",
}


def measure(*, repetitions: int = 9) -> list[Measurement]:
    """Time `--help`, tab completion of a task's name, and imports, beside a Python that does nothing."""
    help_, tab, run, peer_help, optuna, nothing = medians(
        partial(_process, [OURS, "--help"]),
        partial(_process, [OURS], TAB),
        partial(_process, [sys.executable, "-c", "import nasbench_sparse as nbs; nbs.run"]),
        partial(_process, [PEER, "--help"]),
        partial(_process, [sys.executable, "-c", "import optuna"]),
        partial(_process, [sys.executable, "-c", "pass"]),
        repetitions=repetitions,
    )
    what = f"a fresh process, its files cached; `python -c pass` took {1e3 * nothing:.3g} ms"
    return [
        Measurement("--help", help_, "s", 0.3, "optuna --help", peer_help, what),
        Measurement("tab completion", tab, "s", 0.3, "", None, f"bash, a task's name; {what}"),
        Measurement("import of nbs.run", run, "s", None, "import optuna", optuna, what),
    ]


def _process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    variables = {**os.environ, **(environment or {})}
    return seconds(partial(subprocess.run, command, check=True, capture_output=True, env=variables))
