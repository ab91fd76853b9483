"""The commands and their options; each imports what it needs when it is called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from nasbench_sparse.cli import PROGRAM
from nasbench_sparse.cli.activation_commands import activations
from nasbench_sparse.cli.chain_commands import chains
from nasbench_sparse.cli.data_commands import data_sets
from nasbench_sparse.cli.design_commands import designs
from nasbench_sparse.cli.options import (
    STORE,
    AtEvaluations,
    AtSeconds,
    Density,
    FailureRate,
    FaultSeed,
    OfSuite,
    OfTasks,
    StorePath,
    StragglerFactor,
    StragglerRate,
    completion,
)
from nasbench_sparse.cli.papers import papers
from nasbench_sparse.cli.store_commands import stores
from nasbench_sparse.cli.table_commands import tables

app = typer.Typer(
    name=PROGRAM,
    help="Benchmark suite for the search of sparse neural networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(stores)
app.add_typer(tables)
app.add_typer(data_sets)
app.add_typer(designs)
app.add_typer(activations)
app.add_typer(papers)
app.add_typer(chains)


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors; allowed anywhere.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Directory of downloaded data sets, for this command and its workers."),
    ] = None,
) -> None:
    """Benchmark suite for the search of sparse neural networks."""
    if data is not None:
        from nasbench_sparse.data.place import VARIABLE

        os.environ[VARIABLE] = str(data.expanduser().resolve())


@app.command("list")
def list_command(
    kind: Annotated[
        Literal["tasks", "spaces", "optimizers", "suites", "datasets", "networks"],
        typer.Argument(help="What to list."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """List what is registered: tasks, spaces, optimizers, suites, data sets, networks."""
    from nasbench_sparse.cli.catalogue import print_catalogue

    print_catalogue(kind, as_json=as_json)


@app.command()
def run(
    suite: Annotated[
        str | None,
        typer.Argument(help="A suite's name.", autocompletion=completion("suite"), show_default=False),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            "--task",
            "-t",
            help="A task: its name, module:object or file.py:object. May be repeated.",
            autocompletion=completion("task"),
        ),
    ] = None,
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            "--optimizer",
            "-o",
            help="An optimizer: its name, module:Class or file.py:Class. May be repeated.",
            autocompletion=completion("optimizer"),
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="KEY=VALUE", help="An optimizer's option; lahc.KEY=VALUE for one of several."
        ),
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="Such as 0-4,7.", show_default="0")] = None,
    trials: Annotated[float | None, typer.Option(help="Budget in trials.", show_default="20")] = None,
    epochs: Annotated[float | None, typer.Option(help="Budget in units of fidelity.")] = None,
    evaluations: Annotated[
        float | None,
        typer.Option(help="Budget in full-evaluation equivalents: epochs over a whole training's."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Budget in recorded training seconds.")] = None,
    workers: Annotated[int | None, typer.Option(help="Trials in flight per run.", show_default="1")] = None,
    executor: Annotated[
        Literal["serial", "processes", "simulated", "ray"] | None,
        typer.Option(help="Where trials run.", show_default="serial, or processes for several workers"),
    ] = None,
    slots: Annotated[
        int,
        typer.Option(
            min=1,
            help="Trials in flight over all runs together, in processes or on Ray; processes for simulated runs.",
        ),
    ] = 1,
    on_missing: Annotated[
        Literal["error", "train"] | None,
        typer.Option(help="A simulated trial that the task's table lacks.", show_default="error if it has a table"),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(help="A running Ray cluster; without one a local Ray is started."),
    ] = None,
    cpus_per_trial: Annotated[float, typer.Option(help="For Ray.")] = 1.0,
    gpus_per_trial: Annotated[float, typer.Option(help="For Ray.")] = 0.0,
    trial_timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="A longer trial ends with status TIMEOUT; virtual seconds if simulated."
        ),
    ] = None,
    failure_rate: FailureRate = None,
    straggler_rate: StragglerRate = None,
    straggler_factor: StragglerFactor = None,
    fault_seed: FaultSeed = None,
    replicate: Annotated[
        int | None,
        typer.Option(help="Recorded repetition to train on.", show_default="0"),
    ] = None,
    resume: Annotated[
        Literal["strict", "tell-only"],
        typer.Option(help="tell-only goes on where an optimizer asks otherwise than recorded, and marks the run."),
    ] = "strict",
    store: StorePath = STORE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be trained, and stop.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Run a suite, or optimizers on tasks; the same command again resumes, extends or reuses."""
    from nasbench_sparse.cli.plans import Request

    request = Request(
        suite,
        task or (),
        optimizer or (),
        option or (),
        seeds,
        trials,
        epochs,
        evaluations,
        seconds,
        replicate,
        workers,
        executor,
        slots,
    )
    from nasbench_sparse.cli import study
    from nasbench_sparse.runner.resources import Resources

    resources = Resources(
        slots=slots,
        trial_timeout=trial_timeout,
        ray_address=ray_address,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        faults=study.declared_faults(failure_rate, straggler_rate, straggler_factor, fault_seed),
    )
    if dry_run:
        study.show_forecast(request, resources, store, on_missing=on_missing)
        return
    raise typer.Exit(study.run_study(request, resources, resume, store, on_missing=on_missing, quiet=quiet))


@app.command()
def leaderboard(
    store: StorePath = STORE,
    suite: OfSuite = None,
    task: OfTasks = None,
    space: Annotated[
        str | None,
        typer.Option(help="Only tasks of this type of search space, such as LayerDensity."),
    ] = None,
    family: Annotated[str | None, typer.Option(help="Only tasks of this family.")] = None,
    at_evaluations: AtEvaluations = None,
    at_seconds: AtSeconds = None,
    density: Density = None,
    format_: Annotated[
        Literal["table", "markdown", "csv", "csv-standings", "json", "latex"],
        typer.Option("--format", "-f", help="csv holds each task's losses, csv-standings the contenders over all."),
    ] = "table",
) -> None:
    """Compare optimizers: final losses, ranks, scores, wins, coverage and cost."""
    from nasbench_sparse.cli.results import print_leaderboard

    print_leaderboard(
        store,
        suite,
        task or [],
        format_,
        space=space,
        family=family,
        evaluations=at_evaluations,
        seconds=at_seconds,
        density=density,
    )


@app.command()
def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory for the page, figures and tables.")],
    store: StorePath = STORE,
    suite: OfSuite = None,
    task: OfTasks = None,
    at_evaluations: AtEvaluations = None,
    at_seconds: AtSeconds = None,
    density: Density = None,
) -> None:
    """Write a page with leaderboard, tests and figures, and the same as files for papers."""
    from nasbench_sparse.cli.report import write_report

    write_report(
        store, output, suite, task or [], density=density, at_evaluations=at_evaluations, at_seconds=at_seconds
    )


@app.command()
def compare(
    optimizer: Annotated[
        str,
        typer.Argument(
            help="The newcomer: its name, module:Class or file.py:Class.", autocompletion=completion("optimizer")
        ),
    ],
    suite: Annotated[str, typer.Option(help="The suite it is compared on.", autocompletion=completion("suite"))],
    store: StorePath = STORE,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the newcomer."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Directory for a report."),
    ] = None,
    require_better: Annotated[
        str | None,
        typer.Option(
            metavar="BASELINE", help="Exit with status 3 unless it is significantly better than this one."
        ),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials in flight over all runs together, or processes that share simulated runs.",
            show_default="1, or every usable core for simulated runs",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print sentences, pairs and all their numbers as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run what is missing of a newcomer and of a suite's contenders, and say where it stands against each of them.

    Exit status: 0, or 3 if --require-better is not shown (one one-sided test at 5 %), or 1 if a run failed.
    """
    from nasbench_sparse.cli.compare import compare_newcomer

    raise typer.Exit(
        compare_newcomer(
            optimizer, suite, store, option or [], output, require_better, slots, as_json=as_json, quiet=quiet
        )
    )


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT statement.")],
    store: StorePath = STORE,
    format_: Annotated[Literal["table", "csv", "json", "parquet"], typer.Option("--format", "-f")] = "table",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-O", help="Write to a file instead of standard output."),
    ] = None,
) -> None:
    """Ask a store in SQL; reading only. `SHOW TABLES` and `DESCRIBE trials` show what there is."""
    from nasbench_sparse.cli.results import print_query

    print_query(store, sql, format_, output)


@app.command()
def doctor(
    store: StorePath = STORE,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """Check this installation, and say what to do about each problem."""
    from nasbench_sparse.cli.doctor import examine

    raise typer.Exit(examine(store, as_json=as_json))


@app.command()
def version() -> None:
    """Print the version."""
    from nasbench_sparse import __version__

    print(__version__)
