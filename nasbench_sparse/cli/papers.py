"""The sub-commands of `paper`: the tables and figures of papers at three scales."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nasbench_sparse.cli.options import STORE, StorePath

if TYPE_CHECKING:
    from nasbench_sparse.cli.progress import Progress
    from nasbench_sparse.leaderboard.papers.rendered import Rendered
    from nasbench_sparse.tasks.papers.artefact import Artefact, Setting

papers = typer.Typer(name="paper", help="Repeat the tables and figures of papers.", no_args_is_help=True)

ScaleName = Annotated[
    Literal["smoke", "check", "paper"],
    typer.Option(help="smoke: code and layout; check: the question on two cores; paper: what was published."),
]


def _names(incomplete: str) -> list[str]:
    from nasbench_sparse.tasks.papers import artefacts

    return [name for name in artefacts() if name.startswith(incomplete)]


ArtefactName = Annotated[
    str, typer.Argument(metavar="ARTEFACT", help="A name of `paper list`.", autocompletion=_names)
]


@papers.command("list")
def list_(
    paper: Annotated[str | None, typer.Argument(help="One paper's only.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects.")] = False,
) -> None:
    """List the artefacts, with the trainings each scale needs and their estimated time on one core."""
    from nasbench_sparse.cli.console import console, show_table
    from nasbench_sparse.leaderboard.table import Table
    from nasbench_sparse.tasks.papers import artefacts
    from nasbench_sparse.tasks.papers.artefact import SCALES

    found = [item for item in artefacts().values() if paper in (None, item.paper)]
    if not found:
        from nasbench_sparse.errors import unknown

        raise unknown("paper", str(paper), {item.paper for item in artefacts().values()})
    if as_json:
        print(json.dumps([_row(item) for item in found], indent=1))
        return
    rows = tuple((item.name, item.caption, *(_cost(item.at(scale)) for scale in SCALES)) for item in found)
    columns = ("artefact", "shows", *SCALES)
    title = "Trainings of full length, at most, and their estimated time on one core"
    show_table(Table(title, columns, rows, frozenset(columns[:2])), console())


@papers.command()
def run(
    name: ArtefactName,
    scale: ScaleName = "check",
    store: StorePath = STORE,
    workers: Annotated[int, typer.Option(min=1, help="Trainings at a time.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Train what the store lacks of an artefact and show it; the same command again resumes."""
    from nasbench_sparse.cli.console import say
    from nasbench_sparse.cli.study import INTERRUPTED, progress_watcher, retry_command
    from nasbench_sparse.leaderboard.papers.rendered import render
    from nasbench_sparse.runner.chain_run import unwatched
    from nasbench_sparse.store import Store
    from nasbench_sparse.tasks.papers import load_artefact
    from nasbench_sparse.tasks.papers.plans import carry_out

    artefact, held = load_artefact(name), Store(store)
    failed: dict[str, str] = {}
    with ExitStack() as shown:

        def begin(title: str) -> Progress:
            shown.close()
            say(title)
            progress = progress_watcher()
            shown.callback(progress.close)
            return progress

        try:
            for plan in artefact.at(scale).plans:
                failed |= carry_out(plan, held, workers, unwatched if quiet else begin).failed
        except KeyboardInterrupt:
            shown.close()
            say(f"interrupted; what was trained is kept, and the same command goes on: {retry_command()}")
            raise typer.Exit(INTERRUPTED) from None
    for run_id, error in failed.items():
        say(f"error: run {run_id} failed: {error}")
    if not quiet:
        _print(render(artefact, scale, held))
    raise typer.Exit(1 if failed else 0)


@papers.command()
def show(
    name: ArtefactName,
    scale: ScaleName = "check",
    store: StorePath = STORE,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write Markdown, LaTeX and CSV, and charts as SVG, PDF and PNG, there."),
    ] = None,
) -> None:
    """Show an artefact as the store has it, the published numbers beside the measured ones."""
    from nasbench_sparse.cli.results import open_store
    from nasbench_sparse.leaderboard.papers.rendered import render, write
    from nasbench_sparse.tasks.papers import load_artefact

    artefact = load_artefact(name)
    rendered = render(artefact, scale, open_store(store))
    if out is None:
        _print(rendered)
        return
    for path in write(artefact, scale, rendered, out):
        print(path)


@papers.command("claims")
def claims_(
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", "-s", help="The store; without one, every claim is not run yet.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write a page of Markdown."),
    ] = None,
) -> None:
    """Report on each headline claim: claimed, measured, at which scale, n, test, whether it holds."""
    from nasbench_sparse.cli.console import console, show_table
    from nasbench_sparse.cli.results import open_store
    from nasbench_sparse.leaderboard.papers.claims import claims_page, claims_table

    table = claims_table(None if store is None else open_store(store))
    if out is None:
        show_table(table, console())
    else:
        out.write_text(claims_page(table), encoding="utf-8")


def _row(item: Artefact) -> dict[str, Any]:
    from nasbench_sparse.tasks.papers.artefact import SCALES

    settings = {scale: item.at(scale) for scale in SCALES}
    return {
        "name": item.name,
        "paper": item.paper,
        "caption": item.caption,
        "scales": {scale: {"trainings": s.evaluations, "seconds": s.seconds} for scale, s in settings.items()},
    }


def _cost(setting: Setting) -> str:
    from nasbench_sparse.leaderboard.table import duration

    trainings = f"{setting.evaluations:,.0f}"
    return trainings if setting.seconds is None else f"{trainings}, {duration(setting.seconds)}"


def _print(rendered: Rendered) -> None:
    from nasbench_sparse.cli.console import console, fit, show_table

    out = console()
    show_table(fit(rendered.table, out), out)
    for note in rendered.notes:
        out.print(f"- {note}", markup=False, soft_wrap=True)
