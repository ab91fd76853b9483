"""SAFS: accuracies of tables 1 and 2, costs of table 3, and figures 4a and 8 over sparsity."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.figures.panels import Line, Panel, line_panels
from nasbench_sparse.leaderboard.figures.style import looks
from nasbench_sparse.leaderboard.papers.beside import Measured, Place, averaged
from nasbench_sparse.leaderboard.papers.confirmed import Confirmed, confirmed
from nasbench_sparse.leaderboard.papers.rendered import Chart, Rendered, table_of
from nasbench_sparse.leaderboard.papers.trained import in_place_of
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_sparse.store import Store

SAFS, DENSE, VANILLA = "SAFS", "dense", "vanilla pruning"
STAGE_1, STAGE_2 = "stage 1 only", "stage 2 only"
PRINTED = {
    "srelu": "SReLU",
    "prelu": "PReLU",
    "falu": "FALU",
    "swish": "Swish",
    "tanh": "Tanh",
    "srs": "SRS",
    "symlog": "Symlog",
}
"""Names of the confirmed activations as the paper writes them."""

MEANS = "A value is the mean over folds and seeds; spreads are over replicates."


def chains(artefact: Artefact, scale: Scale, store: Store) -> Iterator[tuple[str, Confirmed]]:
    """Yield each group of an artefact with what a store holds of its chain."""
    for label, (plan,) in artefact.at(scale).groups.items():
        assert isinstance(plan, Chain)
        yield label, confirmed(store, plan, SAFS)


def notes_of(artefact: Artefact, scale: Scale, store: Store) -> tuple[str, ...]:
    """Return what a table of accuracies says of its values: means, diverged trainings, and what was trained."""
    lost = [
        f"{PRINTED.get(method, method)} in {label}: {k} of {n}"
        for label, found in chains(artefact, scale, store)
        for method, (k, n) in found.lost.items()
        if k
    ]
    counted = f"A training that diverged counts as a network that guesses; {'; '.join(lost) or 'none did'}."
    return (MEANS, counted, *in_place_of(artefact, scale))


def activations(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 1: test accuracy of the dense network, and of three pruned ones."""
    cells = {
        (PRINTED.get(method, method), label): cell
        for label, found in chains(artefact, scale, store)
        for method, cell in _accuracies(found, (DENSE, VANILLA, "srelu", SAFS)).items()
    }
    top = "Top-5 accuracies are published for ImageNet-16; this package records top-1."
    notes = (*notes_of(artefact, scale, store), top)
    return table_of(artefact, scale, "method", cells, digits=2, notes=notes)


def stages(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 2: test accuracy after each stage alone, and after both."""
    cells = {
        (label, method): cell
        for label, found in chains(artefact, scale, store)
        for method, cell in _accuracies(found, (DENSE, VANILLA, STAGE_1, STAGE_2, SAFS)).items()
    }
    return table_of(artefact, scale, "network", cells, digits=2, notes=notes_of(artefact, scale, store))


def costs(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 3: hours of training in both stages, the mean over seeds, and of fine-tuning once."""
    cells: dict[Place, Measured] = {}
    for label, found in chains(artefact, scale, store):
        whole = [
            path for path in found.paths if path.chain.name not in (STAGE_1, STAGE_2) and path.final is not None
        ]
        seconds = [sum(step.outcome.seconds for step in path.steps) for path in whole]
        once = found.column(VANILLA, "seconds")
        if seconds:
            cells[label, "SAFS, three folds"] = _hours(float(np.mean(seconds)), len(seconds))
        if len(once):
            cells[label, "vanilla pruning, one fold"] = _hours(float(once.mean()), len(once))
        if seconds and len(once):
            cells[label, "ratio"] = Measured(float(np.mean(seconds) / once.mean()), n=len(seconds))
    notes = (
        "Hours of one thread's training, as recorded, at the smaller scales; the published ones are of a GPU.",
        *in_place_of(artefact, scale),
    )
    return table_of(artefact, scale, "network", cells, digits=1, notes=notes)


def _hours(seconds: float, n: int) -> Measured:
    return Measured(seconds / 3600, n=n, text=f"{seconds / 3600:.3g}")


def over_sparsity(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 4a: test accuracy of every activation at each sparsity."""
    cells: dict[Place, Measured] = {}
    lines: dict[str, list[tuple[float, float]]] = {}
    held = set()
    for label, found in chains(artefact, scale, store):
        sparsity = label.rpartition(", ")[2]
        for method, cell in _accuracies(found, (SAFS, VANILLA, *PRINTED, DENSE)).items():
            name = PRINTED.get(method, method)
            cells[name, sparsity] = cell
            lines.setdefault(name, []).append((float(sparsity.split()[0]), cell.value or 0.0))
        if len(found.column(VANILLA)):
            held.add(label)
        first, second = found.pairs(SAFS, VANILLA)
        if len(first):
            cells["SAFS - vanilla pruning", sparsity] = averaged(first - second, 100.0)
    charts = (_chart("Test accuracy over sparsity.", lines, "weights pruned, %", "test accuracy, %"),)
    notes = (*_lacking(artefact, scale, held), *notes_of(artefact, scale, store))
    return table_of(artefact, scale, "activation", cells, digits=2, notes=notes, charts=charts if lines else ())


def trade_off(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Figure 8: what SAFS gains on vanilla pruning and loses on the dense network, over compression."""
    cells: dict[Place, Measured] = {}
    lines: dict[str, list[tuple[float, float]]] = {}
    for label, found in chains(artefact, scale, store):
        density = found.column(VANILLA, "density")
        gains = {name: np.subtract(*found.pairs(SAFS, name)) for name in (VANILLA, DENSE)}
        if not (len(density) and len(gains[VANILLA])):
            continue
        ratio = 1.0 / float(density.mean())
        cells[label, "compression ratio"] = Measured(ratio, n=len(density), text=f"{ratio:.1f}")
        cells |= {
            (label, f"SAFS - {name}, points"): averaged(gain, 100.0) for name, gain in gains.items() if len(gain)
        }
        lines.setdefault(label.rpartition(", ")[0], []).append((ratio, 100 * float(gains[VANILLA].mean())))
    y_label = "test accuracy above vanilla pruning, points"
    charts = (_chart("Gain over vanilla pruning by compression.", lines, "compression ratio", y_label),)
    drawn = any(len(points) > 1 for points in lines.values())
    notes = (
        *_lacking(artefact, scale, {label for label, _ in cells}),
        *(("Nothing is drawn: there is one sparsity of a network, and no line.",) if cells and not drawn else ()),
        "Compression is all prunable weights over those kept. The other methods of the figure are quotations of "
        "papers, whose numbers are not printed.",
        *in_place_of(artefact, scale),
    )
    return table_of(artefact, scale, "network", cells, digits=2, notes=notes, charts=charts if drawn else ())


def _lacking(artefact: Artefact, scale: Scale, held: Collection[str]) -> tuple[str, ...]:
    """Return a note on the groups of an artefact of which a store holds nothing while it holds others."""
    lacking = [label for label in artefact.at(scale).groups if label not in held]
    return (f"Not in this store, but for the dense network: {'; '.join(lacking)}.",) if lacking and held else ()


def _accuracies(found: Confirmed, methods: tuple[str, ...]) -> dict[str, Measured]:
    columns = {method: found.column(method) for method in methods}
    return {method: averaged(column, 100.0) for method, column in columns.items() if len(column)}


def _chart(alt: str, lines: Mapping[str, list[tuple[float, float]]], x_label: str, y_label: str) -> Chart:
    drawn = tuple(_line(name, points) for name, points in lines.items())

    def make() -> Figure:
        return line_panels([Panel("", drawn)], looks(list(lines)), x_label, y_label)

    return Chart("", alt, make)


def _line(name: str, points: list[tuple[float, float]]) -> Line:
    x, y = (np.array(axis) for axis in zip(*sorted(points), strict=True))
    return Line(name, x, y, marked=True)
