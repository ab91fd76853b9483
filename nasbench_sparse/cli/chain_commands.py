"""The sub-commands of `chain` and their options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from nasbench_sparse.cli.options import STORE, StorePath

chains = typer.Typer(
    name="chain", help="Run and confirm methods of several stages, seed by seed.", no_args_is_help=True
)


ChainName = Annotated[
    str, typer.Argument(metavar="CHAIN", help="A chain: its name, module:object or file.py:object.")
]
Stages = Annotated[
    list[str] | None,
    typer.Option(
        "--stage",
        metavar="STAGE=OPTIMIZER",
        help="Another optimizer for a stage, such as operators=sa or operators=sa,steps=16.",
        show_default="the chain's",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, numbers in full precision.")]


@chains.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the registered chains."""
    from nasbench_sparse.cli import chain

    chain.print_chains(as_json=as_json)


@chains.command()
def run(
    name: ChainName,
    seeds: Annotated[str | None, typer.Option(help="Such as 0-4,7.", show_default="the chain's")] = None,
    stage: Stages = None,
    workers: Annotated[int, typer.Option(min=1, help="Trials in flight per run.")] = 1,
    slots: Annotated[int, typer.Option(min=1, help="Trials in flight over all runs together.")] = 1,
    executor: Annotated[
        Literal["serial", "processes", "ray", "simulated"] | None,
        typer.Option(help="Where trials run.", show_default="serial, or processes for several workers or slots"),
    ] = None,
    trial_timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="A longer trial ends with status TIMEOUT."),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(help="A running Ray cluster; without one a local Ray is started."),
    ] = None,
    cpus_per_trial: Annotated[float, typer.Option(help="For Ray.")] = 1.0,
    gpus_per_trial: Annotated[float, typer.Option(help="For Ray.")] = 0.0,
    resume: Annotated[
        Literal["strict", "tell-only"],
        typer.Option(help="tell-only goes on where an optimizer asks otherwise than recorded, and marks the run."),
    ] = "strict",
    store: StorePath = STORE,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Run all stages for every seed, then confirm; the same command again resumes, and trains nothing twice."""
    from nasbench_sparse.cli import chain
    from nasbench_sparse.runner.chain_walk import Placement
    from nasbench_sparse.runner.resources import Resources

    several = workers > 1 or slots > 1
    placement = Placement(executor or ("processes" if several else "serial"), workers)
    resources = Resources(slots, trial_timeout, ray_address, cpus_per_trial, gpus_per_trial)
    raise typer.Exit(chain.run(name, store, seeds, stage or (), placement, resources, resume, quiet=quiet))


@chains.command()
def show(
    name: ChainName,
    seeds: Annotated[str | None, typer.Option(help="Such as 0-4,7.", show_default="those begun")] = None,
    stage: Stages = None,
    store: StorePath = STORE,
    as_json: AsJson = False,
) -> None:
    """Show what each stage found, and the confirmed test accuracies against the declared baselines."""
    from nasbench_sparse.cli import chain

    chain.show(name, store, seeds, stage or (), as_json=as_json)
