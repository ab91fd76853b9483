"""What was trained: network and data of a task in words, as rows and columns are named after published ones."""

from __future__ import annotations

from nasbench_sparse.core.task import Task
from nasbench_sparse.data.catalogue import base_name
from nasbench_sparse.runner.chain import Chain
from nasbench_sparse.runner.design import Design
from nasbench_sparse.tasks.papers.artefact import Artefact, Scale
from nasbench_sparse.training.task import TrainingTask

SIZES = ("hidden", "width", "depth")


def trained(task: Task) -> str:
    """Return such as "resnet20 (width 4) on digits"."""
    data = base_name(task.dataset)
    if not isinstance(task, TrainingTask):
        return data
    network = task.blueprint.network
    sizes = [f"{name} {_size(value)}" for name, value in network.options if name in SIZES]
    shape = f" ({'; '.join(sizes)})" if sizes else ""
    return f"{network.name}{shape} on {data}"


def shown_as(label: str, task: Task, scale: Scale) -> str:
    """Return a published label at the scale that trains what was published, and else what was trained for it."""
    return label if scale == "paper" else trained(task)


def in_place_of(artefact: Artefact, scale: Scale) -> tuple[str, ...]:
    """Return a note that says what each published name stands for; none where it stands for itself."""
    if scale == "paper":
        return ()
    found = {
        label.partition(",")[0]: trained(plan.task)
        for label, (plan, *_) in artefact.at(scale).groups.items()
        if isinstance(plan, Chain | Design)
    }
    listed = "; ".join(f"{label}: {what}" for label, what in found.items())
    return (f"Trained in the place of what was published: {listed}.",)


def _size(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
