"""A chain over synthetic tasks; `chains.py STORE EVENTS` runs it, and kills itself after so many events."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from dataclasses import replace
from typing import Any

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.task import Task
from nasbench_sparse.runner.chain import Chain, Confirmation, Fixed, Stage
from nasbench_sparse.runner.chain_run import run_chain
from nasbench_sparse.runner.suite import Contender
from nasbench_sparse.store import Store
from nasbench_sparse.store.journal import JournalFile
from nasbench_sparse.testing.problems import SyntheticTask
from nasbench_sparse.testing.synthetic_spaces import ChromosomeSpace, ContinuousSpace

GENES = ChromosomeSpace(length=3)
FIRST = SyntheticTask(name="genes", family="kin", space=GENES, replicates=8)
REPLICATES = (1, 2, 3, 4, 5, 6, 7)


def tuned(parent: Task, config: Config) -> Task:
    """The noise of the derived task is the incumbent's distance from the parent's optimum, so that it tells it."""
    assert isinstance(parent, SyntheticTask)
    return replace(parent, space=ContinuousSpace(dimensions=2), noise=parent.space.distance(config) / 10)


def settled(parent: Task, config: Config) -> Task:
    """A task with one config."""
    assert isinstance(parent, SyntheticTask)
    return replace(parent, space=ChromosomeSpace(length=1, operators=("done",)))


def chain(trials: int = 8, seeds: tuple[int, ...] = (0, 1, 2), replicates: tuple[int, ...] = REPLICATES) -> Chain:
    """Two stages, confirmed against the first one alone and two fixed configs."""
    genes = Stage("genes", Contender("lahc"), Budget("trials", trials))
    numbers = Stage("numbers", Contender("random"), Budget("trials", trials), tuned)
    worst = dict(zip(GENES.fields, ("elu", "elu", "elu"), strict=True))
    baselines = (
        Chain(name="genes alone", task=FIRST, stages=(genes,), seeds=seeds),
        Fixed("optimum", FIRST, GENES.optimum),
        Fixed("worst", FIRST, worst),
    )
    return Chain(
        name="both",
        task=FIRST,
        stages=(genes, numbers),
        confirm=Confirmation(replicates, baselines),
        seeds=seeds,
    )


def die_after(events: int) -> None:
    """Kill this process once so many events are in journals."""
    left, append = itertools.count(events, -1), JournalFile.append

    def counted(self: JournalFile, *args: Any, **options: Any) -> None:
        append(self, *args, **options)
        if next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    JournalFile.append = counted  # type: ignore[method-assign]


def main() -> None:
    store, events = sys.argv[1:]
    die_after(int(events))
    run_chain(chain(trials=3, seeds=(0, 1), replicates=(1,)), Store(store))


if __name__ == "__main__":
    main()
