"""What a study evaluates trials with, and the conditions that simulated runs meet by it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench_sparse.core.given import finite, whole
from nasbench_sparse.errors import NbsError
from nasbench_sparse.executors.faults import Faults
from nasbench_sparse.runner.plan import PlannedRun
from nasbench_sparse.runner.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Resources:
    """Where trials are evaluated, apart from the kind and number of workers, which belong to the run.

    Args:
        slots: trials in flight at most, over all runs of a study; at least a run's own number of workers. For
            simulated runs, processes that share the runs.
        trial_timeout: seconds one trial may take, virtual ones if it is simulated.
        ray_address, cpus_per_trial, gpus_per_trial: for Ray only; see `make_executor`.
        faults: failures and stragglers among simulated workers.
    Raises:
        NbsError: a number that is none, or out of its range.
    """

    slots: int = 1
    trial_timeout: float | None = None
    ray_address: str | None = None
    cpus_per_trial: float = 1.0
    gpus_per_trial: float = 0.0
    faults: Faults | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", whole("the number of slots", self.slots, least=1))
        if self.trial_timeout is not None:
            limit = finite("a trial timeout, in seconds,", self.trial_timeout, above=0)
            object.__setattr__(self, "trial_timeout", limit)
        for name in ("cpus_per_trial", "gpus_per_trial"):
            object.__setattr__(self, name, finite(name, getattr(self, name), least=0))

    @property
    def conditions(self) -> dict[str, Any]:
        """What simulated runs meet by them: see `RunSpec`. Live ones meet real time, which no plan can know."""
        limit = {} if self.trial_timeout is None else {"trial_timeout": float(self.trial_timeout)}
        return {**limit, **({} if self.faults is None else self.faults.conditions)}

    def check(self, executors: Collection[str]) -> None:
        """Refuse what none of the executors heeds.

        Raises:
            NbsError: naming it and the executor it is for.
        """
        bare = Resources()
        names = ("ray_address", "cpus_per_trial", "gpus_per_trial")
        for_ray = [name for name in names if getattr(self, name) != getattr(bare, name)]
        if for_ray and "ray" not in executors:
            raise _unheeded(_options(for_ray), "ray", executors)
        if self.faults is not None and "simulated" not in executors:
            raise _unheeded("failures and stragglers", "simulated", executors)


def conditions(resources: Resources | None, recorded: Recorded | None = None) -> dict[str, Any]:
    """Return the conditions of the simulated runs of a study; plans are made with them."""
    return {**(resources or Resources()).conditions, **(recorded or Recorded()).conditions}


def check_settings(plans: Sequence[PlannedRun], resources: Resources, recorded: Recorded) -> None:
    """Check that runs heed what they are given, and that simulated ones were planned under what they will meet.

    Raises:
        NbsError: a setting that none of them heeds, or other conditions than the plan's.
    """
    if not plans:
        return
    executors = {plan.spec.executor for plan in plans}
    resources.check(executors)
    if recorded.conditions and "simulated" not in executors:
        raise _unheeded(_options(recorded.conditions), "simulated", executors)
    met = conditions(resources, recorded)
    for plan in plans:
        if plan.spec.executor == "simulated" and plan.spec.conditions != met:
            raise NbsError(
                f"the simulated run of {plan.spec.optimizer!r} on {plan.spec.task!r} was planned under "
                f"{_listed(plan.spec.conditions)} and would meet {_listed(met)}: conditions are part of a run's "
                "identity, so it is planned with those of its study"
            )


def _unheeded(what: str, kind: str, executors: Collection[str]) -> NbsError:
    on = " and ".join(sorted(executors))
    return NbsError(f"{what}: only --executor {kind} heeds that, and these runs are on {on}")


def _options(names: Iterable[str]) -> str:
    return " and ".join(f"--{name.replace('_', '-')}" for name in names)


def _listed(conditions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in conditions.items()) or "no conditions"
