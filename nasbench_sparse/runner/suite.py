"""Suites: named, declared sets of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nasbench_sparse.core.budget import Budget


@dataclass(frozen=True, slots=True)
class Contender:
    """An optimizer with its options, by name (or as `module:Class`, `file.py:Class`)."""

    optimizer: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """Every combination of tasks, contenders and seeds, under one budget.

    Contenders that cannot serve a task are an error, so a block pairs only what fits.
    """

    tasks: Sequence[str]
    contenders: Sequence[Contender]
    seeds: Sequence[int]
    budget: Budget
    replicate: int = 0
    workers: int = 1
    executor: str = "serial"


@dataclass(frozen=True, slots=True)
class Suite:
    """A named, declared study: blocks of runs that are compared with each other."""

    name: str
    description: str
    blocks: tuple[Block, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of its tasks, in order of appearance."""
        return tuple(dict.fromkeys(name for block in self.blocks for name in block.tasks))

    def entries(self) -> Iterator[tuple[Block, str, Contender, int]]:
        """Yield one (block, task, contender, seed) for each run, seeds outermost: a stopped study is even."""
        for block in self.blocks:
            for seed in block.seeds:
                for task in block.tasks:
                    for contender in block.contenders:
                        yield block, task, contender, seed
