"""GRAFS: results of named and of found activations (tables 1, 4, 5, 6), and what the searches cost (2, 3, 7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nasbench_sparse.leaderboard.papers.beside import Measured, Place
from nasbench_sparse.leaderboard.papers.diverged import counted, diverged, said
from nasbench_sparse.leaderboard.papers.evidence import NOTHING, Evidence, compared, together
from nasbench_sparse.leaderboard.papers.rendered import Rendered, table_of
from nasbench_sparse.leaderboard.papers.trained import in_place_of, shown_as
from nasbench_sparse.leaderboard.papers.values import Value, grouped, values
from nasbench_sparse.leaderboard.statistics.check import Floats
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.chain_recorded import recorded_paths
from nasbench_sparse.runner.chain_walk import Path
from nasbench_sparse.runner.design import Design
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.tasks.papers.plans import Plan
from nasbench_sparse.training.task import TrainingTask

if TYPE_CHECKING:
    from nasbench_sparse.store import Store

MARGIN = 0.01
"""Accuracy that a searched cell may lose."""

SPLITS = (
    "This package trains on nine tenths of the training split and validates on the rest (the paper names no "
    "validation part, so the published numbers may be of trainings on all of it); a search has three quarters of "
    "those nine tenths for weights and a quarter for the architecture, 0.675 and 0.225 of the whole."
)
LENGTHS = (
    "At published lengths: what is measured for an epoch of either, times the published numbers of epochs; of GPT "
    "what is measured for a sequence of either, times the published iterations and their batches (40 of 4 in the "
    "search, 40 of 16 in the evaluation). None (—) where search and evaluation have other data (digits, mnist5k)."
)
SEARCHES = "Each search has a replicate of its own (split and initial weights), which no evaluation has."


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
    lost = of = 0
    for label, named, found in columns(artefact, scale):
        for name, each in grouped(counted(store, named.task, metric), _activation).items():
            cells[name, label] = _with_error(each, factor)
        paths = recorded_paths(found, store)
        for seed, row in by_cell(found, paths, store, metric).items():
            cells[f"found, seed {seed}", label] = _with_error(np.array(list(row.values())), factor)
        lost += len(diverged(store, named.task)) + _lost(found, paths, store)
        of += sum(cell.n for (_, column), cell in cells.items() if column == label)
    notes = (
        "Mean and standard error over seeds. Functions named F are the published ones; those found are of this "
        "package's own searches, on the family's first network and data, and used in every column.",
        f"A training that diverged counts as a network that guesses{said(lost, of) or '; none did'}.",
        SEARCHES,
        SPLITS,
        *in_place_of(artefact, scale),
    )
    return table_of(artefact, scale, "activation", cells, digits=3 if factor == 1.0 else 2, notes=notes)


def ratios(artefact: Artefact, scale: Scale, store: Store) -> Rendered:
    """Tables 2, 3 and 7: seconds of a search over those of an evaluation, both means."""
    cells: dict[Place, Measured] = {}
    published = artefact.scales["paper"].groups if "paper" in artefact.scales else {}
    for label, named, found in columns(artefact, scale):
        network, _, data = label.partition(" ")
        search = [seconds for path in recorded_paths(found, store) if (seconds := _searched_seconds(path, store))]
        each = np.array([one.value for one in values(store, named.task, "seconds")])
        if search and len(each):
            ratio = float(np.mean(search) / each.mean())
            cells[network, data] = Measured(ratio, n=len(search))
            if scale != "paper" and label in published:
                stretch = _stretch(published[label], named, found)
                value = None if stretch is None else stretch * ratio
                cells[network, f"{data}, at published lengths"] = Measured(value, n=len(search))
    notes = (
        "Evaluation time is that of training with a named activation, all of them averaged.",
        *(() if scale == "paper" else (LENGTHS,)),
        *in_place_of(artefact, scale),
    )
    return table_of(artefact, scale, "network", cells, digits=2, notes=notes)


def _stretch(published: tuple[Plan, ...], named: Design, found: Chain) -> float | None:
    """Return how much longer the published search is, relative to its evaluation, than this.

    None where search and evaluation differ in their data, so that an epoch of one is none of the other.
    """
    if _training(named).dataset != _training(found).dataset:
        return None
    design, chain = published
    assert isinstance(design, Design)
    assert isinstance(chain, Chain)
    return _relative_length(design, chain) / _relative_length(named, found)


def _relative_length(design: Design, chain: Chain) -> float:
    """Return the length of the search over that of an evaluation: in epochs, or in the inputs of iterations."""
    options, evaluation = chain.stages[0].optimizer.options, _training(design)
    if options.get("unit") != "iterations":
        return float(options["epochs"]) / evaluation.fidelity.max
    recipe, searched = evaluation.blueprint.recipe, _training(chain).blueprint.recipe
    assert recipe.steps_per_epoch is not None, "of texts an epoch is so many steps"
    inputs = recipe.batch_size * recipe.accumulate * recipe.steps_per_epoch * evaluation.fidelity.max
    return float(options["epochs"]) * searched.batch_size * searched.accumulate / inputs


def _training(plan: Design | Chain) -> TrainingTask:
    assert isinstance(plan.task, TrainingTask)
    return plan.task


def by_cell(chain: Chain, paths: list[Path], store: Store, metric: str) -> dict[int, dict[int, float]]:
    """Return the results of each found cell by seed of the search and replicate; none that was not trained.

    A training that diverged has the result of guessing.
    """
    replicates = () if chain.confirm is None else chain.confirm.replicates
    found = {
        path.seed: {
            one.replicate: one.value
            for one in counted(store, path.final.task, metric)
            if one.replicate in replicates
        }
        for path in paths
        if path.chain is chain and path.final is not None
    }
    return {seed: row for seed, row in found.items() if row}


def cell_near_relu(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test found cells, their mean, against ReLU less one point, in each column, paired by replicate."""
    return together(
        [
            _against(column, scale, store, "test_accuracy", "ReLU", "greater", MARGIN)
            for column in columns(artefact, scale)
        ]
    )


def cell_transfers(artefact: Artefact, scale: Scale, store: Store) -> Evidence:
    """Test found cells, their mean, against GELU in each network that was not searched on, by test loss."""
    others = list(columns(artefact, scale))[1:]
    return together([_against(column, scale, store, "test_loss", "GELU", "less", 0.0) for column in others])


def _against(
    column: tuple[str, Design, Chain],
    scale: Scale,
    store: Store,
    metric: str,
    default: str,
    alternative: str,
    margin: float,
) -> Evidence:
    """Test the mean over found cells against a named activation in a column, paired by replicate."""
    label, named, found = column
    paths = recorded_paths(found, store)
    cells = by_cell(found, paths, store, metric)
    known = {
        one.replicate: one.value
        for one in counted(store, named.task, metric)
        if one.config["activation"] == default
    }
    shared = [r for r in known if cells and all(r in row for row in cells.values())]
    if not shared:
        return NOTHING
    means = {seed: float(np.mean([row[r] for r in shared])) for seed, row in cells.items()}
    worst = (min if alternative == "greater" else max)(means, key=lambda seed: means[seed])
    lost = said(_lost(found, paths, store), len(cells) * len(shared))
    what = (
        f"{shown_as(label, named.task, scale)}: found cells {{first:.4f}} (the worst, of seed {worst}, "
        f"{means[worst]:.4f}{lost}), {default} {{second:.4f}}"
    )
    first = np.array([np.mean([row[r] for row in cells.values()]) for r in shared])
    second = np.array([known[r] for r in shared])
    return compared(first, second, what, alternative, margin)


def _lost(chain: Chain, paths: list[Path], store: Store) -> int:
    """Return how many evaluations of found cells diverged."""
    replicates = () if chain.confirm is None else chain.confirm.replicates
    finals = [path.final for path in paths if path.chain is chain and path.final is not None]
    return sum(r in replicates for final in finals for _, r in diverged(store, final.task))


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
