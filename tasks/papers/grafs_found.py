"""How a searched cell is used: as the activation of any training, on the network it was found on or another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nasbench_sparse.core.config import Config
from nasbench_sparse.core.task import Task
from nasbench_sparse.errors import TaskError
from nasbench_sparse.tasks.safs import ONE_CONFIG
from nasbench_sparse.training.task import TrainingTask


@dataclass(frozen=True)
class Use:
    """Derives the training of `target` with the activations that a search chose, whatever network it searched on.

    References:
        GRAFS (Strack et al., 2024), section 4.1: found activations are evaluated on the network they were found on
        and transferred to larger ones and other data.
    """

    target: TrainingTask

    def __call__(self, parent: Task, config: Config) -> Task:
        """Return the task, of one config.

        Raises:
            TaskError: the parent trains nothing, so it has no activations.
        """
        if not isinstance(parent, TrainingTask):
            raise TaskError(f"task {parent.name!r} trains nothing, so it has no activations to use")
        found = parent.space.configure(parent.blueprint, config).activations
        return replace(
            self.target, space=ONE_CONFIG, blueprint=self.target.blueprint.with_activations(found), description=""
        )
