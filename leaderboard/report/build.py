"""Builds a report: page, figures and tables, in a directory."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from nasbench_sparse.errors import NbsError
from nasbench_sparse.leaderboard.report.agreement import agreement_section
from nasbench_sparse.leaderboard.report.blocks import Picture, Section, Sheet
from nasbench_sparse.leaderboard.report.comparison import comparison_section
from nasbench_sparse.leaderboard.report.coverage import coverage_section
from nasbench_sparse.leaderboard.report.findings import findings_section
from nasbench_sparse.leaderboard.report.headline import headline
from nasbench_sparse.leaderboard.report.methods import methods_section
from nasbench_sparse.leaderboard.report.page import render
from nasbench_sparse.leaderboard.report.progress import progress_section
from nasbench_sparse.leaderboard.report.standings import standings_section
from nasbench_sparse.leaderboard.report.subject import Subject, make_subject
from nasbench_sparse.leaderboard.report.together import make_together
from nasbench_sparse.leaderboard.results import Wanted, read_results
from nasbench_sparse.leaderboard.suites import check_held, planned_keys, suite_specs
from nasbench_sparse.leaderboard.table import budget_text
from nasbench_sparse.store import Store

SECTIONS: tuple[Callable[[Subject], Section], ...] = (
    standings_section,
    comparison_section,
    progress_section,
    findings_section,
    agreement_section,
    coverage_section,
    methods_section,
)
BARE: tuple[Callable[[Subject], Section], ...] = (standings_section, coverage_section, methods_section)
"""What is left of a report where there is no run."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was written.

    Args:
        page: its HTML file.
        headline: sentences on who leads, and on each comparison.
    """

    page: Path
    headline: tuple[str, ...]
    files: tuple[Path, ...]


def build_report(
    store: Store,
    directory: str | Path,
    *,
    suite: str | None = None,
    tasks: Collection[str] | None = None,
    density: tuple[float, float] | None = None,
    at_evaluations: float | None = None,
    at_seconds: float | None = None,
    seed: int = 0,
    processes: int = 1,
) -> Report:
    """Write `index.html`, and beside it figures as PDF and SVG and tables as LaTeX and CSV.

    Args:
        directory: made if need be; files of an earlier report in it are replaced.
        suite: only the runs that this suite plans, or that were made for a study of this name.
        tasks: only these tasks.
        density: only incumbents whose final density lies in this band, see `Wanted`.
        at_evaluations, at_seconds: the budget at which final losses are compared, see `Wanted`; by default the
            largest that is common. Curves over time show whole runs.
        seed: of the bootstrap; the same store and seed give the same bytes.
        processes: with 2 or more a fresh one makes some of the sections, so a program that asks for it needs the
            guard `if __name__ == "__main__"`.
    Raises:
        UnknownName: the store has no runs of such a suite or task.
        NbsError: the directory cannot be written, two budgets, or one that is not positive.
    """
    make_folder(directory)
    check_held(store, tasks=tasks or ())
    specs = [] if suite is None else suite_specs(store, suite)
    wanted = Wanted(
        run_ids=None if suite is None else [spec.run_id for spec in specs],
        study=suite,
        tasks=tasks,
        density=density,
        evaluations=at_evaluations,
        seconds=at_seconds,
    )
    results = read_results(store, wanted)
    planned = planned_keys(spec for spec in specs if not tasks or spec.task in tasks)
    parts = [*([suite] if suite else []), *sorted(tasks or ())]
    title = ", ".join(parts) or "All runs"
    if density is not None:
        title += f", density {density[0]:g} to {density[1]:g}"
    subject = make_subject(store, results, seed=seed, planned=planned or None)
    if results.asked:
        title += f", {budget_text(subject.board)}"
    return write_subject(subject, directory, title, processes=processes)


def write_subject(subject: Subject, directory: str | Path, what: str, *, processes: int = 1) -> Report:
    """Write a report on a subject; see `build_report`."""
    folder = make_folder(directory)
    try:
        makers = SECTIONS if subject.results.runs else BARE
        sections = make_together(makers, subject) if processes > 1 else [make(subject) for make in makers]
        lead, points = headline(subject)
        page = render(what, subject.store.path.name, lead, points, sections, subject.base_queries)
        files = _write(folder, page, sections)
    except OSError as error:
        raise NbsError(f"{folder} cannot be written: {error.strerror or error}") from error
    return Report(folder / "index.html", (lead, *points), tuple(files))


def make_folder(directory: str | Path) -> Path:
    """Make a report's folder, before anything is computed for it.

    Raises:
        NbsError: it cannot be written.
    """
    folder = Path(directory)
    try:
        for part in ("figures", "tables"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NbsError(f"{folder} cannot be written: {error.strerror or error}") from error
    return folder


def _write(folder: Path, page: str, sections: Collection[Section]) -> list[Path]:
    (folder / "index.html").write_text(page, encoding="utf-8")
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Picture):
                block.drawing.write(folder / "figures")
            elif isinstance(block, Sheet):
                (folder / "tables" / f"{block.name}.tex").write_text(block.latex, encoding="utf-8")
                (folder / "tables" / f"{block.name}.csv").write_text(block.csv, encoding="utf-8")
    return sorted(path for path in folder.rglob("*") if path.is_file())
