"""Executors: where trials are evaluated."""

from __future__ import annotations

from math import inf
from pathlib import Path

from nasbench_sparse.core.executor import Executor
from nasbench_sparse.errors import NbsError, unknown
from nasbench_sparse.executors.faults import Faults

KINDS = ("serial", "processes", "ray", "simulated")


def make_executor(
    kind: str,
    *,
    workers: int = 1,
    checkpoints: Path | None = None,
    trial_timeout: float | None = None,
    ray_address: str | None = None,
    cpus_per_trial: float = 1.0,
    gpus_per_trial: float = 0.0,
    faults: Faults | None = None,
) -> Executor:
    """Build an executor by its kind, importing only what that kind needs.

    Args:
        kind: "serial", "processes", "ray" or "simulated".
        workers: trials in flight at most; a serial executor has one, or more to fill the stacks of stacked tasks.
        checkpoints: directory that keeps training states (Ray keeps them in its object store); None keeps them
            in memory.
        trial_timeout: seconds a trial may take, virtual ones if simulated.
        ray_address: of a running cluster; None starts a local one.
        cpus_per_trial, gpus_per_trial: for Ray only, as its address.
        faults: declared failures and stragglers, for the simulated executor only.

    Raises:
        UnknownName: no such kind.
        NbsError: fewer workers than one, a time limit that is none, or faults of workers that are real.
    """
    if workers < 1:
        raise NbsError(f"an executor needs at least one worker, not {workers}")
    if trial_timeout is not None and not 0 < trial_timeout < inf:
        raise NbsError(f"a trial timeout is a positive number of seconds, not {trial_timeout}")
    if faults is not None and kind != "simulated":
        raise NbsError(f"faults are declared for the simulated executor alone; the workers of {kind!r} are real")
    match kind:
        case "serial":
            from nasbench_sparse.executors.serial import SerialExecutor

            return SerialExecutor(checkpoints, trial_timeout, workers)
        case "processes":
            from nasbench_sparse.executors.processes import ProcessExecutor

            return ProcessExecutor(workers, checkpoints, trial_timeout)
        case "ray":
            from nasbench_sparse.executors.ray_cluster import RayExecutor

            return RayExecutor(ray_address, workers, cpus_per_trial, gpus_per_trial, trial_timeout)
        case "simulated":
            from nasbench_sparse.executors.simulated import SimulatedExecutor

            return SimulatedExecutor(workers, checkpoints, trial_timeout, faults)
    raise unknown("executor", kind, KINDS)
