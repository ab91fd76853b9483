from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from nasbench_sparse.core.blueprint import Operator
from nasbench_sparse.nn.networks import build_network, prunable_layers
from nasbench_sparse.nn.sites import activation_sites
from nasbench_sparse.tasks import digits, mnist1d, mnist5k, tasks
from nasbench_sparse.tasks.family import Family
from nasbench_sparse.training.data import dataset_info
from nasbench_sparse.training.task import TrainingTask

TASKS = {task.name: task for task in tasks()}
FAMILIES = [digits.MLP, digits.RESIDUAL, mnist5k.MLP, mnist5k.CNN, mnist5k.LENET5, mnist1d.CNN]


def test_tasks_have_distinct_names_and_fingerprints() -> None:
    assert len(TASKS) == len(tasks()) == len({task.fingerprint for task in tasks()})
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name) for name in TASKS)
    assert all(name.startswith(f"{task.family}-") for name, task in TASKS.items())


def test_tasks_are_declared_without_torch_or_configspace() -> None:
    code = (
        "import sys; from nasbench_sparse.tasks import tasks; tasks(); "
        "sys.exit(bool({'torch', 'ConfigSpace', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(TASKS))
def test_task_has_a_measured_signal(name: str) -> None:
    signal = TASKS[name].signal
    assert signal is not None
    assert signal.tau >= 0.5
    assert signal.interval[0] <= signal.tau <= signal.interval[1]
    assert signal.configs >= 50


@pytest.mark.parametrize("name", sorted(TASKS))
def test_task_configures_a_blueprint_that_its_network_accepts(name: str) -> None:
    task = TASKS[name]
    assert isinstance(task, TrainingTask)
    rng = np.random.default_rng(3)
    for _ in range(5):
        config = task.space.sample(rng)
        task.space.validate(config)
        blueprint = task.space.configure(task.blueprint, config)
        network = build_network(blueprint.network, blueprint.activations, torch.Generator().manual_seed(0))
        with torch.no_grad():
            logits = network.eval()(torch.zeros(2, *dataset_info(task.dataset).shape))
        assert logits.shape == (2, dataset_info(task.dataset).classes)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_family_declares_the_layers_and_sites_of_its_network(family: Family) -> None:
    network = build_network(family.network, (Operator("relu"),), torch.Generator())
    assert tuple(weight.numel() for _, weight in prunable_layers(network)) == family.layer_sizes
    assert len(activation_sites(network)) == family.sites
