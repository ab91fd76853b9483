"""Which configs a table covers, and the optimizer that asks for them one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Literal

from nasbench_sparse.core.config import Config, Value, config_key
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.run import TABLE_BUILD
from nasbench_sparse.core.space import SearchSpace
from nasbench_sparse.core.streams import generator
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.errors import NbsError, unknown
from nasbench_sparse.registry import OptimizerEntry

Mode = Literal["all", "grid", "configs"]
MODES = ("all", "grid", "configs")

MISSES = 10_000
"""Draws in a row that bring no new config, after which a space is taken to have no more."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A named, ordered set of distinct configs, the same in every process.

    Args:
        mode: "all" configs of a finite space; the "grid" of `number` levels of each continuous field; or `number`
            random "configs".
    Raises:
        NbsError: a number below 1.
    """

    mode: Mode
    number: int = 1

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise unknown("enumeration", self.mode, MODES)
        if self.number < 1:
            raise NbsError(f"a table of {self.number} configs or levels holds nothing; give at least 1")

    def configs(self, space: SearchSpace) -> Iterator[dict[str, Value]]:
        """Yield the configs in order.

        Raises:
            NbsError: all configs of an infinite space, or more random ones than there are.
        """
        if self.mode == "configs":
            yield from self._drawn(space)
            return
        if self.mode == "all" and space.size is None:
            raise NbsError(
                "this space is not finite, so a table cannot hold all of it: give --grid LEVELS or --configs NUMBER"
            )
        yield from space.grid(self.number)

    def check(self, space: SearchSpace) -> None:
        """Refuse what `configs` would refuse, without going through it.

        Raises:
            NbsError: see `configs`.
        """
        if self.mode == "configs" and space.size is not None and self.number > space.size:
            raise NbsError(f"the space has {space.size:,} configs, fewer than {self.number:,}; give --all")
        next(self.configs(space), None)

    def _drawn(self, space: SearchSpace) -> Iterator[dict[str, Value]]:
        rng = generator(TABLE_BUILD, 0, 0, "configs")  # a stream of its own: no run's seed draws the same configs
        seen: set[str] = set()
        misses = 0
        while len(seen) < self.number:
            config = space.sample(rng)
            key = config_key(config)
            misses = misses + 1 if key in seen else 0
            if misses > MISSES:
                raise NbsError(f"random draws found {len(seen):,} distinct configs, fewer than {self.number:,}")
            if key not in seen:
                seen.add(key)
                yield config


class TableBuild(Optimizer):
    """Asks for every config of an enumeration whose position is `shard - 1` modulo `shards`, once.

    Args:
        mode, number: see `Enumeration`.
        shard, shards: the part asked for: 1 to `shards`.
    """

    name: ClassVar[str] = TABLE_BUILD

    def __init__(
        self, problem: Problem, *, seed: int, mode: Mode = "all", number: int = 1, shard: int = 1, shards: int = 1
    ) -> None:
        super().__init__(problem, seed=seed)
        if not 1 <= shard <= shards:
            raise NbsError(f"shards are numbered 1 to {shards}, not {shard}")
        self._configs = islice(Enumeration(mode, number).configs(self.space), shard - 1, None, shards)

    def ask(self) -> Config | None:
        """Return the next config, or None when all were asked for."""
        return next(self._configs, None)

    def tell(self, observation: Observation) -> None:
        """Learn nothing."""


ENTRY = OptimizerEntry(TABLE_BUILD, "1", TableBuild)
"""The enumerating optimizer as runs name it; its version goes up when the order of configs changes."""


def length(enumeration: Enumeration, space: SearchSpace) -> int:
    """Count the configs of an enumeration."""
    if enumeration.mode == "all" and space.size is not None:
        return space.size
    if enumeration.mode == "configs":
        return enumeration.number
    return sum(1 for _ in enumeration.configs(space))
