"""The command `report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nasbench_sparse.cli.results import density_band, open_suite_store
from nasbench_sparse.core.cores import usable_cores


def write_report(
    path: Path,
    output: Path,
    suite: str | None,
    tasks: Sequence[str],
    *,
    density: str | None = None,
    at_evaluations: float | None = None,
    at_seconds: float | None = None,
) -> None:
    """Write a report on a store, and print its headline and where it is.

    Raises:
        UnknownName: the store has no runs of such a task or suite.
        NbsError: the directory cannot be written, or a budget or the band of densities is none.
    """
    from nasbench_sparse.leaderboard.report import build_report

    report = build_report(
        open_suite_store(path, suite),
        output,
        suite=suite,
        tasks=tasks or None,
        density=density_band(density),
        at_evaluations=at_evaluations,
        at_seconds=at_seconds,
        processes=usable_cores(),
    )
    for sentence in report.headline:
        print(sentence)
    print(f"\nThe report is {report.page}; beside it are {len(report.files) - 1} figures and tables.")
