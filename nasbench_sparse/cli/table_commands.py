"""The sub-commands of `table` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nasbench_sparse.cli.fit_command import fit
from nasbench_sparse.cli.options import STORE, StorePath

tables = typer.Typer(name="table", help="Build, check and share tabular benchmarks.", no_args_is_help=True)


InStore = Annotated[
    Path | None,
    typer.Option("--store", "-s", help="Look at the task's table in this store.", show_default=False),
]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task: its name, module:object or file.py:object.")]
TableName = Annotated[
    str, typer.Argument(metavar="TABLE", help="A task with a table, or the folder of an exported one.")
]
OfTask = Annotated[
    str | None,
    typer.Option("--task", "-t", help="Whose table the folder holds, if the task is not registered."),
]


@tables.command()
def build(
    task: TaskName,
    all_: Annotated[bool, typer.Option("--all", help="Every config of a finite space.")] = False,
    grid: Annotated[
        int | None,
        typer.Option(min=1, metavar="LEVELS", help="A grid with as many levels of each continuous field."),
    ] = None,
    configs: Annotated[
        int | None,
        typer.Option(min=1, metavar="NUMBER", help="As many random configs."),
    ] = None,
    replicates: Annotated[int, typer.Option(min=1, help="Trainings of each config.")] = 3,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Part I of N, to share the work; merge the stores.")
    ] = "1/1",
    workers: Annotated[
        int, typer.Option(min=1, help="Processes; each trains K configs at a time where the task is stacked(K).")
    ] = 1,
    executor: Annotated[
        Literal["serial", "processes", "ray"] | None,
        typer.Option(help="Where configs are trained.", show_default="serial, or processes for several workers"),
    ] = None,
    trial_timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="A longer training ends with status TIMEOUT."),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(help="A running Ray cluster; without one a local Ray is started."),
    ] = None,
    store: StorePath = STORE,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Train every config of a task; the same command again resumes, and trains nothing twice."""
    from nasbench_sparse.cli import table
    from nasbench_sparse.runner.resources import Resources

    request = table.BuildRequest(task, table.enumeration(all_, grid, configs), replicates, executor, workers, shard)
    resources = Resources(slots=workers, trial_timeout=trial_timeout, ray_address=ray_address)
    raise typer.Exit(table.build(request, resources, store, quiet=quiet))


@tables.command()
def merge(
    others: Annotated[list[Path], typer.Argument(metavar="OTHER...", help="Stores that hold other shards.")],
    store: StorePath = STORE,
) -> None:
    """Add the trainings of other stores; they stay as they are."""
    from nasbench_sparse.cli import upkeep

    for other in others:
        upkeep.merge(store, other)


@tables.command()
def info(name: TableName, store: InStore = None, task: OfTask = None) -> None:
    """Show a table's size, its coverage, its optimum, and how far its replicates agree."""
    from nasbench_sparse.cli import table

    table.info(name, store, task)


@tables.command()
def verify(
    name: TableName,
    store: InStore = None,
    task: OfTask = None,
    retrain: Annotated[int, typer.Option(min=0, help="Train as many random rows again and compare.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the random rows.")] = 0,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="Largest difference of a value, relative if it is above 1.")
    ] = 1e-6,
) -> None:
    """Check a table; the exit status is 1 if anything is wrong."""
    from nasbench_sparse.cli import table

    raise typer.Exit(table.verify(name, store, task, retrain, seed, tolerance))


@tables.command()
def export(
    task: TaskName,
    folder: Annotated[Path, typer.Argument(help="A new folder for Parquet files and a manifest.")],
    precision: Annotated[
        Literal["float64", "float32"], typer.Option(help="float64 keeps every bit; float32 is half as large.")
    ] = "float64",
    licence: Annotated[str, typer.Option(help="Of the table, for its manifest.")] = "CC-BY-4.0",
    store: StorePath = STORE,
) -> None:
    """Write a store's table of a task as Parquet, with a manifest."""
    from nasbench_sparse.cli import table

    table.export(task, folder, precision, licence, store)


tables.command()(fit)


@tables.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="The folder of an exported table.")], task: OfTask = None
) -> None:
    """Keep an exported table, so that its task's simulated runs are answered from it."""
    from nasbench_sparse.cli import table

    table.keep(folder, task)
