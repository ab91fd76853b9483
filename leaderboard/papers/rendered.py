"""What an artefact looks like: a table, its cells, notes and charts, and the files they become."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_sparse.leaderboard.latex import booktabs
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, beside
from nasbench_sparse.leaderboard.table import HOLE, Table
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale, load
from nasbench_sparse.tasks.papers.published import published

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure to be drawn. `name` ends the files' names; `alt` says in a sentence what there is to see."""

    name: str
    alt: str
    make: Callable[[], Figure]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An artefact as it comes out of a store; `records` are the table's cells in full precision."""

    table: Table
    records: list[dict[str, Any]]
    notes: tuple[str, ...]
    charts: tuple[Chart, ...] = field(default_factory=tuple)


def render(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Make an artefact of what a store holds; cells that were not trained are holes."""
    found = load(artefact.render)(artefact, scale, store)
    assert isinstance(found, Rendered)
    return found


def table_of(
    artefact: Artefact,
    scale: Scale,
    stub: str,
    measured: dict[Place, Measured],
    *,
    digits: int,
    notes: tuple[str, ...] = (),
    charts: tuple[Chart, ...] = (),
) -> Rendered:
    """Put measured cells beside the published ones; say at which scale they were measured, or what trains them."""
    printed = published(artefact.paper, artefact.name)
    title = f"{artefact.paper}, {artefact.place}: {artefact.caption} (scale {scale})"
    table, records = beside(title, stub, measured, printed, digits)
    says = artefact.at(scale).says
    source = (
        "The paper shows this as a plot, so there are no published numbers."
        if printed is None
        else f"In brackets: published, {printed.source}; {printed.unit}."
    )
    if not measured:
        command = f"nasbench-sparse paper run {artefact.name} --scale {scale} --store STORE"
        return Rendered(table, records, (f"Not trained yet; this trains it: {command}", f"There: {says}.", source))
    repeats = sorted({cell.n for cell in measured.values()})
    counted = f"Repetitions, pairs or configurations behind a cell: {_span(repeats)}."
    holes = (f"{HOLE}: not trained here.",) if any(record["n"] == 0 for record in records) else ()
    return Rendered(
        table, records, (f"Measured at scale {scale}: {says}.", source, counted, *holes, *notes), charts
    )


def _span(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def write(artefact: Artefact, scale: Scale, rendered: Rendered, directory: Path) -> list[Path]:
    """Write the table as Markdown, LaTeX and CSV, and each chart as SVG, PDF and PNG; return the files."""
    from nasbench_sparse.leaderboard.figures.drawing import draw

    directory.mkdir(parents=True, exist_ok=True)
    stem = f"{artefact.name}-{scale}"
    table, notes = rendered.table, rendered.notes
    texts = {
        ".md": markdown(rendered),
        ".tex": booktabs(table.title, table.columns, table.rows, table.left, notes=notes),
        ".csv": comma_separated(rendered),
    }
    paths = [directory / f"{stem}{ending}" for ending in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    for chart in rendered.charts:
        name = f"{stem}-{chart.name}" if chart.name else stem
        raster = io.BytesIO()
        draw(name, table.title, chart.alt, _rastered(chart, raster)).write(directory)
        (directory / f"{name}.png").write_bytes(raster.getvalue())
        paths += [directory / f"{name}{ending}" for ending in (".svg", ".pdf", ".png")]
    return paths


def _rastered(chart: Chart, out: io.BytesIO) -> Callable[[], Figure]:
    """Return what makes the chart and also draws it as PNG, in the style that drawings are made in."""

    def make() -> Figure:
        figure = chart.make()
        figure.savefig(out, format="png", dpi=200, facecolor="white", metadata={"Software": None})
        return figure

    return make


def markdown(rendered: Rendered) -> str:
    """Return the table and its notes."""
    table = rendered.table
    rule = [":--" if column in table.left else "--:" for column in table.columns]
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in (table.columns, rule, *table.rows)]
    body = "\n".join(f"| {line} |" for line in lines)
    return f"**{table.title}**\n\n{body}\n\n" + "".join(f"- {note}\n" for note in rendered.notes)


def comma_separated(rendered: Rendered) -> str:
    """Return one line for each cell, numbers in full precision."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rendered.records[0]) if rendered.records else ["row"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rendered.records)
    return out.getvalue()
