"""The sub-commands of `activation` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasbench_sparse.cli.options import STORE, StorePath

activations = typer.Typer(
    name="activation", help="Activations by name: built in, published, or found and saved.", no_args_is_help=True
)


def _names(incomplete: str) -> list[str]:
    from nasbench_sparse.nn.named import all_names

    return [name for name in all_names() if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", help="An activation.", autocompletion=_names)]


@activations.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """List published, baseline and saved activations with their formulas."""
    from nasbench_sparse.cli.activation import print_activations

    print_activations(as_json=as_json)


@activations.command()
def show(name: Name) -> None:
    """Print an activation's formula, and where it comes from."""
    from nasbench_sparse.cli.activation import show_activation

    show_activation(name)


@activations.command()
def save(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A new name.")],
    run: Annotated[str, typer.Option("--run", "-r", help="A run's id, or as much of its beginning as is unique.")],
    store: StorePath = STORE,
) -> None:
    """Save the cell that a run found best, to be used in any blueprint by its name."""
    from nasbench_sparse.cli.activation import save_activation

    save_activation(name, store, run)


@activations.command()
def plot(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Activations.", autocompletion=_names)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A PNG, SVG or PDF file.", show_default="NAME.png"),
    ] = None,
) -> None:
    """Draw activations and their derivatives over [-5, 5]."""
    from nasbench_sparse.cli.activation import plot_activations

    plot_activations(names, output or Path(f"{names[0]}.png"))
