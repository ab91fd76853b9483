"""The sub-commands of `store` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasbench_sparse.cli.options import STORE, StorePath

stores = typer.Typer(name="store", help="Look after a store.", no_args_is_help=True)

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or as much of its beginning as is unique.")]


@stores.command()
def info(
    store: StorePath = STORE,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object, with every run.")] = False,
) -> None:
    """Say what a store holds."""
    from nasbench_sparse.cli import upkeep

    upkeep.info(store, as_json=as_json)


@stores.command()
def verify(store: StorePath = STORE) -> None:
    """Check a store and its journals; the exit status is 1 if anything is wrong."""
    from nasbench_sparse.cli import upkeep

    raise typer.Exit(upkeep.verify(store))


@stores.command()
def repair(store: StorePath = STORE) -> None:
    """Move damaged journal lines aside and keep the rest."""
    from nasbench_sparse.cli import upkeep

    upkeep.repair(store)


@stores.command()
def export(
    directory: Annotated[Path, typer.Argument(help="A new directory for Parquet files.")], store: StorePath = STORE
) -> None:
    """Write all tables as Parquet files."""
    from nasbench_sparse.cli import upkeep

    upkeep.export(store, directory)


@stores.command()
def merge(
    other: Annotated[Path, typer.Argument(help="The store to take runs and results from.")],
    store: StorePath = STORE,
) -> None:
    """Add the runs and results of another store; the other one stays as it is."""
    from nasbench_sparse.cli import upkeep

    upkeep.merge(store, other)


@stores.command()
def hide(run: RunId, store: StorePath = STORE) -> None:
    """Leave a run out of leaderboards; its results stay reusable."""
    from nasbench_sparse.cli import upkeep

    upkeep.hide(store, run)


@stores.command()
def unhide(run: RunId, store: StorePath = STORE) -> None:
    """Show a hidden run again."""
    from nasbench_sparse.cli import upkeep

    upkeep.unhide(store, run)


@stores.command("rm")
def remove(run: RunId, store: StorePath = STORE) -> None:
    """Remove a run and its trials; results in the table stay."""
    from nasbench_sparse.cli import upkeep

    upkeep.remove(store, run)
