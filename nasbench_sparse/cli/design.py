"""The commands of `design`: list, run and show designs."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from nasbench_sparse.cli.console import console, say, show_table
from nasbench_sparse.cli.progress import Progress
from nasbench_sparse.cli.results import open_store
from nasbench_sparse.cli.study import INTERRUPTED, progress_watcher, retry_command
from nasbench_sparse.leaderboard.design_table import findings_table, notes, records
from nasbench_sparse.leaderboard.designs import analyse, cells_query
from nasbench_sparse.leaderboard.table import Table
from nasbench_sparse.registry import all_designs, load_design
from nasbench_sparse.runner.resources import Resources


def print_designs() -> None:
    """Print what is registered."""
    rows = tuple(
        (d.name, d.task.name, d.factor, f"{len(d.cells):,} x {d.replicates}", d.description)
        for d in all_designs().values()
    )
    columns = ("design", "task", "factor", "cells x replicates", "what it compares")
    if not rows:
        print("no designs are registered; the studies of papers are shown by `nasbench-sparse paper list`")
        return
    show_table(Table("", columns, rows, frozenset({"design", "task", "factor", "what it compares"})), console())


def run(name: str, path: Path, executor: str | None, workers: int, resources: Resources, *, quiet: bool) -> int:
    """Train what a store lacks of a design, show its findings, and return the exit status."""
    from nasbench_sparse.store import Store
    from nasbench_sparse.tabular.design import run_design
    from nasbench_sparse.tabular.stored import stored_table
    from nasbench_sparse.tabular.verify import failures

    design, store = load_design(name), Store(path)
    progress: Progress | None = None if quiet else progress_watcher()
    kind = executor or ("serial" if workers == 1 else "processes")
    try:
        report = run_design(design, store, executor=kind, workers=workers, resources=resources, watcher=progress)
    except KeyboardInterrupt:
        say(f"interrupted; what was trained is kept, and the same command goes on: {retry_command()}")
        return INTERRUPTED
    finally:
        if progress is not None:
            progress.close()
    if not quiet:
        show(name, path, "table")
    problems = failures(store, stored_table(store, design.task))
    failed = [f"{problem.where}: {problem.what}; {problem.remedy}" for problem in problems]
    failed += [f"error: {error}" for error in report.failed.values()]
    for text in failed:
        say(text)
    return 1 if failed else 0


def show(name: str, path: Path, form: str) -> None:
    """Print a design's findings, or with form "sql" the query that reads its cells."""
    design = load_design(name)
    if form == "sql":
        sys.stdout.write(cells_query(design))
        return
    findings = analyse(open_store(path), design)
    if form == "json":
        print(json.dumps({"tests": records(findings), "notes": notes(findings)}, indent=1, allow_nan=False))
    elif form == "csv":
        rows = records(findings)
        writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        out = console()
        show_table(findings_table(findings), out)
        for note in notes(findings):
            out.print(f"- {note}", markup=False, soft_wrap=True)
