"""Chains: methods of several stages, in which a later task is made from an earlier incumbent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.config import Config
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import TaskError
from nasbench_sparse.runner.suite import Contender

Derive = Callable[[Task, Config], Task]
"""Makes a task of an earlier one and its incumbent: a pure function, since what it returns is kept by content.

Name, family and `derived_from` of what it returns are set by `derive_task`.
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """One search of a chain.

    Args:
        name: part of the names of the tasks it derives.
        derive: makes this stage's task of the previous stage's task and incumbent; None for the first stage.
    """

    name: str
    optimizer: Contender
    budget: Budget
    derive: Derive | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """A config of a task that is trained without any search.

    Raises:
        InvalidConfig: the config lies outside the task's space.
    """

    name: str
    task: Task
    config: Config

    def __post_init__(self) -> None:
        self.task.space.validate(self.config)
        object.__setattr__(self, "config", self.task.space.canonical(self.config))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Re-trains what the searches ended with, outside their budgets; it alone reports test results.

    Args:
        replicates: fresh ones, which no search of the chain sees.
        baselines: what the chain is compared with, on the same replicates; a chain is searched with its seeds.

    Raises:
        TaskError: no replicates, one given twice, or a baseline that is confirmed by itself.
    """

    replicates: tuple[int, ...]
    baselines: tuple[Chain | Fixed, ...] = ()

    def __post_init__(self) -> None:
        if not self.replicates or len(set(self.replicates)) < len(self.replicates):
            raise TaskError(f"a confirmation needs distinct replicates, not {list(self.replicates)}")
        for baseline in self.baselines:
            if isinstance(baseline, Chain) and baseline.confirm is not None:
                raise TaskError(
                    f"baseline {baseline.name!r} is confirmed with its chain, so it declares no own one"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A named, declared method: stages in order, for each seed, and what is confirmed of them.

    Args:
        task: the first stage's.
        final: makes what is confirmed of the last stage's task and incumbent: a task whose space has one config.
            None confirms that incumbent on the last stage's task.
        seeds: of the searches, one run of each stage for each.
        replicate: that the searches train on.
        apart: whether each seed searches on a replicate of its own, `replicate` and those after it.

    Raises:
        TaskError: no stages, two of one name, a stage without a task or with two; a confirmation on replicates that
            a search sees or that a task does not have; a search on replicates that the task does not have; or two
            methods of one name.
    """

    name: str
    task: Task
    stages: tuple[Stage, ...]
    final: Derive | None = None
    confirm: Confirmation | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    replicate: int = 0
    apart: bool = False
    description: str = ""

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise TaskError(f"chain {self.name!r} needs stages of distinct names, not {names}")
        for number, stage in enumerate(self.stages):
            if (stage.derive is None) != (number == 0):
                need = "has the chain's task, so it derives none" if number == 0 else "needs to derive its task"
                raise TaskError(f"chain {self.name!r}: stage {stage.name!r} {need}")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise TaskError(f"chain {self.name!r} needs distinct seeds, not {list(self.seeds)}")
        if (last := max(map(self.replicate_of, self.seeds))) >= self.task.replicates:
            raise TaskError(
                f"chain {self.name!r} searches on replicates up to {last}, and task {self.task.name!r} has 0 to "
                f"{self.task.replicates - 1}"
            )
        if self.confirm is not None:
            self._check_confirmation(self.confirm)

    def replicate_of(self, seed: int) -> int:
        """Return the replicate that a seed searches on."""
        return self.replicate + seed if self.apart else self.replicate

    @property
    def searches(self) -> tuple[Chain, ...]:
        """This chain and the baselines that are searched too."""
        return (self, *(b for b in self.baselines if isinstance(b, Chain)))

    @property
    def baselines(self) -> tuple[Chain | Fixed, ...]:
        """What the chain is compared with."""
        return () if self.confirm is None else self.confirm.baselines

    @property
    def tasks(self) -> Iterator[Task]:
        """The declared tasks: those of the first stages, and of baselines that are not searched."""
        for method in (self, *self.baselines):
            yield method.task

    def _check_confirmation(self, confirm: Confirmation) -> None:
        for chain in self.searches:
            if chain.apart and chain.replicate <= max(confirm.replicates):
                raise TaskError(
                    f"chain {self.name!r}: {chain.name!r} searches on replicates from {chain.replicate} on, one "
                    "for each seed, so only those before it can confirm"
                )
            if chain.replicate in confirm.replicates:
                raise TaskError(
                    f"chain {self.name!r}: replicate {chain.replicate} is what {chain.name!r} searches on, so it "
                    "cannot confirm; allowed are the others"
                )
        for task in self.tasks:
            if not all(0 <= replicate < task.replicates for replicate in confirm.replicates):
                raise TaskError(
                    f"chain {self.name!r}: task {task.name!r} has replicates 0 to {task.replicates - 1}, "
                    f"not all of {list(confirm.replicates)}"
                )
        names = [self.name, *(baseline.name for baseline in confirm.baselines)]
        if len(set(names)) < len(names):
            raise TaskError(f"chain {self.name!r}: it and its baselines need distinct names, not {names}")
