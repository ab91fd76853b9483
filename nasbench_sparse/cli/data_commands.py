"""The sub-commands of `data` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

data_sets = typer.Typer(name="data", help="Find and download data sets.", no_args_is_help=True)

Root = Annotated[
    Path | None,
    typer.Option("--data", help="The data directory.", show_default="NASBENCH_SPARSE_DATA, or the user's"),
]


def _names(incomplete: str) -> list[str]:
    from nasbench_sparse.data.catalogue import DATASETS

    return [name for name in DATASETS if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", help="A data set.", autocompletion=_names)]


@data_sets.command("list")
def list_command(
    data: Root = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """List all data sets, and whether each is at hand."""
    from nasbench_sparse.cli.data import print_datasets

    print_datasets(data, as_json=as_json)


@data_sets.command()
def download(name: Name, data: Root = None) -> None:
    """Download a data set, verify its checksums and unpack it; what is there already is kept."""
    from nasbench_sparse.cli.data import download_dataset

    download_dataset(name, data)


@data_sets.command()
def path(data: Root = None) -> None:
    """Print the data directory."""
    from nasbench_sparse.data.place import directory

    print(directory(data))
