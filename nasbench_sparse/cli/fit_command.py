"""The sub-command `table fit` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fit(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="An exported table: its folder or task. With --store, a task.")
    ],
    store: Annotated[
        Path | None,
        typer.Option("--store", "-s", help="Export the task's table in this store first.", show_default=False),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Where it is exported: a new folder.", show_default=False),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", "-t", help="Whose table the folder holds, if the task is not registered."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the held-out parts.")] = 0,
) -> None:
    """Fit a surrogate on a table, which then answers configs it does not hold; a poor one is refused."""
    from nasbench_sparse.cli import fit as command

    command.fit(command.FitRequest(table, store, to, task, seed))
