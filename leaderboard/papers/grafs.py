"""GRAFS: results of named and of found activations (tables 1, 4, 5, 6), and what the searches cost (2, 3, 7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.papers.beside import Measured, Place
from nasbench_sparse.leaderboard.papers.evidence import Evidence, compared, together
from nasbench_sparse.leaderboard.papers.rendered import Rendered, table_of
from nasbench_sparse.leaderboard.papers.values import Value, grouped, values
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.runner.chain_walk import Path
from nasbench_sparse.runner.design import Design
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

MARGIN = 0.01
"""Accuracy that a searched cell may lose."""


def columns(artefact: Artefact, scale: Scale) -> Iterator[tuple[str, Design, Chain]]:
    """Yield each column of a table with its trainings."""
    for label, (named, found) in artefact.at(scale).groups.items():
        assert isinstance(named, Design)
        assert isinstance(found, Chain)
        yield label, named, found


def accuracies(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Tables 1, 4 and 5: test accuracy with each activation."""
    return _results(artefact, scale, store, "test_accuracy", 100.0)


def losses(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Table 6: test loss with each activation."""
    return _results(artefact, scale, store, "test_loss", 1.0)


def _results(artefact: Artefact, scale: Scale, store: Store, metric: str, factor: float) -> Rendered:
    cells: dict[Place, Measured] = {}
    for label, named, found in columns(artefact, scale):
        for name, each in grouped(values(store, named.task, metric), _activation).items():
            cells[name, label] = _with_error(each, factor)
        paths = recorded_paths(found, store)
        for seed, row in by_cell(found, paths, store, metric).items():
            cells[f"found, seed {seed}", label] = _with_error(np.array(list(row.values())), factor)
    notes = (
        "Mean and standard error over seeds. Functions named F are the published ones; those found are of this "
        "package's own searches, on the family's first network and data, and used in every column.",
    )
    return table_of(artefact, scale, "activation", cells, digits=3 if factor == 1.0 else 2, notes=notes)


def ratios(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Tables 2, 3 and 7: seconds of a search over those of an evaluation, both means."""
    cells: dict[Place, Measured] = {}
    for label, named, found in columns(artefact, scale):
        network, _, data = label.partition(" ")
        search = [seconds for path in recorded_paths(found, store) if (seconds := _searched_seconds(path, store))]
        each = np.array([one.value for one in values(store, named.task, "seconds")])
        if search and len(each):
            cells[network, data] = Measured(float(np.mean(search) / each.mean()), n=len(search))
    notes = ("Evaluation time is that of training with a named activation, all of them averaged.",)
    return table_of(artefact, scale, "network", cells, digits=2, notes=notes)


def by_cell(chain: Chain, paths: list[Path], store: Store, metric: str) -> dict[int, dict[int, float]]:
    """Return the results of each found cell by seed of the search and replicate; none that was not trained."""
    replicates = () if chain.confirm is None else chain.confirm.replicates
    found = {
        path.seed: {
            one.replicate: one.value
            for one in values(store, path.final.task, metric)
            if one.replicate in replicates
        }
        for path in paths
        if path.chain is chain and path.final is not None
    }
    return {seed: row for seed, row in found.items() if row}


def cell_near_relu(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test found cells, their mean, against ReLU less one point, paired by column and replicate."""
    cells, relu = _sides(artefact, scale, store, "test_accuracy", "ReLU")
    return compared(cells, relu - MARGIN, "found cells {first:.4f}, ReLU less a point {second:.4f}")


def cell_transfers(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test found cells, their mean, against GELU in the networks that were not searched on, by test loss."""
    parts = []
    for label, _, _ in list(columns(artefact, scale))[1:]:
        sides = _sides(artefact, scale, store, "test_loss", "GELU", label)
        parts.append(compared(*sides, f"{label}: found cells {{first:.4f}}, GELU {{second:.4f}}", "less"))
    return together(parts)


def _sides(
    artefact: Artefact, scale: Scale, store: Store, metric: str, default: str, only: str | None = None
) -> tuple[Floats, Floats]:
    """Align the mean over found cells with a named activation, by column and replicate."""
    pairs: list[tuple[float, float]] = []
    for label, named, found in columns(artefact, scale):
        if only in (None, label):
            rows = list(by_cell(found, recorded_paths(found, store), store, metric).values())
            known = {
                one.replicate: one.value
                for one in values(store, named.task, metric)
                if one.config["activation"] == default
            }
            shared = [r for r in known if rows and all(r in row for row in rows)]
            pairs += [(float(np.mean([row[r] for row in rows])), known[r]) for r in shared]
    first, second = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    return first, second


def _searched_seconds(path: Path, store: Store) -> float:
    """Return the seconds of a finished search's steps, without the trial of what it derived; else 0."""
    if path.final is None:
        return 0.0
    recording = store.recorded(path.steps[0].outcome.run_id)
    steps = {number for number, trial in recording.asked.items() if trial.search is not None}
    return sum(told.evaluation.seconds for told in recording.told if told.number in steps)


def _with_error(each: Floats, factor: float) -> Measured:
    """Return mean and standard error, as the paper prints them."""
    error = factor * float(each.std(ddof=1)) / len(each) ** 0.5 if len(each) > 1 else None
    return Measured(factor * float(each.mean()), error, len(each))


def _activation(one: Value) -> str:
    return str(one.config["activation"])
