"""The sub-commands of `design` and their options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from nasbench_sparse.cli.options import STORE, StorePath

designs = typer.Typer(name="design", help="Train and compare the cells of factorial designs.", no_args_is_help=True)


DesignName = Annotated[
    str, typer.Argument(metavar="DESIGN", help="A design: its name, module:object or file.py:object.")
]


@designs.command("list")
def list_() -> None:
    """List the registered designs."""
    from nasbench_sparse.cli import design

    design.print_designs()


@designs.command()
def run(
    name: DesignName,
    workers: Annotated[int, typer.Option(min=1, help="Trainings at a time.")] = 1,
    executor: Annotated[
        Literal["serial", "processes", "ray"] | None,
        typer.Option(help="Where cells are trained.", show_default="serial, or processes for several workers"),
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
    """Train every cell on every replicate; the same command again resumes, and trains nothing twice."""
    from nasbench_sparse.cli import design
    from nasbench_sparse.runner.resources import Resources

    resources = Resources(slots=workers, trial_timeout=trial_timeout, ray_address=ray_address)
    raise typer.Exit(design.run(name, store, executor, workers, resources, quiet=quiet))


@designs.command()
def show(
    name: DesignName,
    store: StorePath = STORE,
    format_: Annotated[
        Literal["table", "csv", "json", "sql"],
        typer.Option("--format", "-f", help="sql: the query of the cells, which `query` answers."),
    ] = "table",
) -> None:
    """Show the paired tests of a design's contrasts, corrected as one family."""
    from nasbench_sparse.cli import design

    design.show(name, store, format_)
