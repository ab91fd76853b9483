"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

STORE = Path("results.duckdb")
"""The store of a command that names none."""

StorePath = Annotated[Path, typer.Option("--store", "-s", help="The store, a DuckDB file.")]


def completion(kind: str) -> Callable[[str], list[str]]:
    """Return what completes the registered names of a kind."""

    def complete(incomplete: str) -> list[str]:
        from nasbench_sparse.registry import all_suites, all_tasks, optimizer_names

        registered = {"task": all_tasks, "suite": all_suites}
        names = registered[kind]() if kind in registered else optimizer_names()
        return [name for name in names if name.startswith(incomplete)]

    return complete


OfSuite = Annotated[
    str | None,
    typer.Option(
        help="Only the runs of this suite; those that come with the package are added to the store.",
        autocompletion=completion("suite"),
    ),
]
OfTasks = Annotated[
    list[str] | None,
    typer.Option("--task", "-t", help="Only this task; may be repeated.", autocompletion=completion("task")),
]
AtEvaluations = Annotated[
    float | None,
    typer.Option(
        help="Compare at this many full evaluations; a trial counts that was asked before they were spent.",
        show_default="the largest common budget",
    ),
]
AtSeconds = Annotated[
    float | None,
    typer.Option(help="Compare at this many seconds of the runs' clock; a trial counts that was told by then."),
]
Density = Annotated[
    str | None,
    typer.Option(metavar="LOW:HIGH", help="Only incumbents whose final density lies in this band."),
]

CLUSTER = "Simulated cluster"
"""The panel of a command's help that shows what befalls simulated workers."""

FailureRate = Annotated[
    float | None,
    typer.Option(help="Share of the trials that fail, each at a random moment.", rich_help_panel=CLUSTER),
]
StragglerRate = Annotated[
    float | None,
    typer.Option(help="Share of the trials that are slow.", rich_help_panel=CLUSTER),
]
StragglerFactor = Annotated[
    float | None,
    typer.Option(help="How many times as long a slow trial takes.", rich_help_panel=CLUSTER),
]
FaultSeed = Annotated[
    int | None,
    typer.Option(help="Which trials fail and which are slow.", rich_help_panel=CLUSTER, show_default="0"),
]
