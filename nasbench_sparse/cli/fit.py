"""The command `table fit`: a surrogate for the configs that a table does not hold."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from nasbench_sparse.cli import PROGRAM
from nasbench_sparse.cli.console import console
from nasbench_sparse.cli.table import export
from nasbench_sparse.errors import NbsError, TableError
from nasbench_sparse.leaderboard.table import HOLE
from nasbench_sparse.registry import all_tasks, load_task
from nasbench_sparse.tabular.manifest import read_manifest
from nasbench_sparse.tabular.parquet import LICENCE, SURROGATE
from nasbench_sparse.tabular.places import find_folder
from nasbench_sparse.tabular.surrogate.files import describe_surrogate, fit_folder, read_quality
from nasbench_sparse.tabular.surrogate.quality import LEAST_R2, LEAST_TAU, Quality


@dataclass(frozen=True, slots=True)
class FitRequest:
    """What `table fit` was asked for; see its options."""

    table: str
    store: Path | None
    to: Path | None
    task: str | None
    seed: int


def fit(request: FitRequest) -> None:
    """Fit a surrogate on an exported table, exporting it first where a store is given, and print its quality.

    Raises:
        NbsError: there is no such table, or its surrogate would not be good enough.
    """
    if (request.store is None) != (request.to is None):
        raise NbsError(
            "a surrogate is kept with an exported table: give --store and --to FOLDER, or an exported table"
        )
    if request.store is not None and request.to is not None:
        export(request.table, request.to, "float64", LICENCE, request.store)
        folder, name = request.to, request.table
    else:
        folder = _folder(request.table)
        name = request.task or read_manifest(folder).task
        if request.task is None and name not in all_tasks():
            raise TableError(f"{folder} is the table of {name!r}, which is not registered here; give --task")
    fitted = fit_folder(folder, load_task(name), _command(request), seed=request.seed)
    out = console()
    for line in quality_lines(fitted.quality):
        out.print(line, markup=False, soft_wrap=True)
    print(folder / SURROGATE)


def surrogate_lines(folder: Path) -> list[str]:
    """Return what an exported table's description says of its surrogate; nothing if it has none."""
    manifest = read_manifest(folder)
    if SURROGATE not in manifest.files:
        return []
    described = describe_surrogate(folder, manifest)
    quality = read_quality(described)
    quality.check(manifest.task)
    return [
        f"a surrogate predicts configs that are not recorded; made by {described['made']['command']}",
        *quality_lines(quality),
    ]


def quality_lines(quality: Quality) -> list[str]:
    """Return a quality in words."""
    compared = [("loss", quality.loss), ("validation loss", quality.val_loss), ("seconds", quality.seconds)]
    lines = [
        f"held-out {name}: R2 {_number(each.r2)}, tau {_number(each.tau)}, better half {_number(each.better_half)}"
        for name, each in compared
    ]
    if quality.mean_seconds:
        lines[-1] += ", worse than the mean: every config is predicted to take the mean seconds"
    if quality.divergence_found is not None:
        lines.append(
            f"{quality.diverged:.1%} of the configs diverged; held out, {quality.divergence_found:.0%} of them "
            f"were predicted to, and {quality.false_divergence:.1%} of the others"
        )
    lines[0] += f" ({quality.configs:,} configs in {quality.folds} parts; at least {LEAST_R2} and {LEAST_TAU})"
    return lines


def _folder(table: str) -> Path:
    folder = find_folder(table.rpartition(":")[2]) if len(Path(table).parts) == 1 else None
    if folder is None and not Path(table).is_dir():
        raise TableError(
            f"{table!r} is neither the folder of an exported table nor a task with one: "
            "--store STORE --to FOLDER exports and fits"
        )
    return folder or Path(table)


def _command(request: FitRequest) -> str:
    given = ("--store", request.store), ("--to", request.to), ("--task", request.task), ("--seed", request.seed)
    options = [word for name, value in given if value is not None for word in (name, str(value))]
    return shlex.join([PROGRAM, "table", "fit", request.table, *options])


def _number(value: float | None) -> str:
    return HOLE if value is None else f"{value:.3f}"
