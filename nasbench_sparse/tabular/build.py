"""Building a table: one enumerating run for each replicate, into a store."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench_sparse.core.budget import Budget
from nasbench_sparse.core.run import TABLE_BUILD
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import NbsError
from nasbench_sparse.runner.plan import PlannedRun, plan_run
from nasbench_sparse.tabular.enumeration import ENTRY, Enumeration, length


def plan_build(
    task: Task,
    enumeration: Enumeration,
    *,
    replicates: int,
    executor: str = "serial",
    workers: int = 1,
    shard: tuple[int, int] = (1, 1),
) -> list[PlannedRun]:
    """Plan the runs that train every config to the full fidelity, replicate after replicate.

    They are ordinary runs: a study carries them out, resumes them after a kill, and trains nothing that is in the
    store already. Leaderboards do not show them.

    Args:
        workers: processes (or actors). Each trains a whole stack of a stacked task at a time, so that the runs have
            that many times K trials under way; only Ray trains them one by one.
        shard: part i of n, (1, 1) for all: configs i, i + n, i + 2n, ... of the enumeration, so that machines share
            the work and their stores are merged.
    Raises:
        NbsError: a space that cannot be enumerated so, more replicates than the task has, or no such shard.
    """
    part, parts = shard
    if not 1 <= part <= parts:
        raise NbsError(f"shard {part}/{parts} does not exist; shards are numbered 1/{parts} to {parts}/{parts}")
    if not 1 <= replicates <= task.replicates:
        raise NbsError(f"task {task.name!r} has 1 to {task.replicates} replicates, not {replicates}")
    enumeration.check(task.space)
    configs = len(range(part - 1, length(enumeration, task.space), parts))
    if not configs:
        raise NbsError(f"shard {part}/{parts} holds no config; give fewer shards")
    together = 1 if executor == "ray" else task.stack
    options = {"mode": enumeration.mode, "number": enumeration.number, "shard": part, "shards": parts}
    return [
        plan_run(
            task,
            ENTRY,
            Budget("trials", configs),
            seed=0,
            options=options,
            replicate=replicate,
            workers=workers * together,
            executor=executor,
            study=TABLE_BUILD,
        )
        for replicate in range(replicates)
    ]


def parse_shard(text: str) -> tuple[int, int]:
    """Read a shard such as "2/4".

    Raises:
        NbsError: the text is something else.
    """
    parts: Sequence[str] = text.split("/")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise NbsError(f"--shard {text!r} cannot be read; write i/n, such as 2/4")
    return int(parts[0]), int(parts[1])
