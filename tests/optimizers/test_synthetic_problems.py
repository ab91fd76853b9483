"""The synthetic tasks that suites, benchmarks and tests rely on."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import numpy as np
import orjson
import pytest

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.trial import SearchStep, Status
from nasbench_sparse.errors import InvalidConfig
from nasbench_sparse.testing.problems import Fault, SyntheticTask, make_trial, synthetic_tasks
from nasbench_sparse.testing.synthetic_spaces import MixedSpace, SyntheticSpace

TASKS = synthetic_tasks()
SPACES = [task.space for task in TASKS.values()]
KINDS = list(TASKS)


@pytest.mark.parametrize("space", SPACES, ids=KINDS)
def test_synthetic_space_optimum_is_valid_and_beats_every_draw(space: SyntheticSpace) -> None:
    space.validate(space.optimum)
    assert space.distance(space.optimum) == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(0)
    distances = [space.distance(space.sample(rng)) for _ in range(300)]
    assert 0.0 < min(distances) < max(distances) <= 1.0


@pytest.mark.parametrize("space", SPACES, ids=KINDS)
def test_synthetic_space_neighbours_differ_and_points_decode(space: SyntheticSpace) -> None:
    rng = np.random.default_rng(0)
    config = space.sample(rng)
    for _ in range(200):
        neighbour = space.neighbour(config, rng)
        space.validate(neighbour)
        assert config_key(neighbour) != config_key(config)
        assert space.decode(space.encode(neighbour)) == space.canonical(neighbour) == neighbour
        config = neighbour
    coordinates = space.coordinates
    coordinates.seed(0)
    for point in coordinates.sample_configuration(50):
        space.validate(space.decode(dict(point)))


@pytest.mark.parametrize("space", SPACES, ids=KINDS)
def test_synthetic_space_grid_is_valid_and_distinct(space: SyntheticSpace) -> None:
    configs = list(space.grid(2))
    for config in configs:
        space.validate(config)
    assert len({config_key(config) for config in configs}) == len(configs)
    assert space.size in (None, len(configs))


@pytest.mark.parametrize(
    "change", [{"rate": 2.0}, {"depth": 3.0}, {"optimizer": "lion"}, {"momentum": 1.0}, {"spare": 1}]
)
def test_synthetic_space_refuses_invalid_configs(change: dict[str, object]) -> None:
    space = MixedSpace()
    with pytest.raises(InvalidConfig, match=next(iter(change))):
        space.validate({**space.optimum, **change})  # type: ignore[dict-item]


@pytest.mark.parametrize("task", TASKS.values(), ids=KINDS)
def test_synthetic_task_shorter_is_a_prefix_of_longer(task: SyntheticTask) -> None:
    config = task.space.optimum
    short, checkpoint = task.evaluate(make_trial(task, config, fidelity=3))
    whole, end = task.evaluate(make_trial(task, config))
    assert whole.curve[:3] == short.curve
    assert checkpoint is not None
    assert end is None
    assert task.evaluate(make_trial(task, config), checkpoint)[0] == whole
    assert whole.seconds == whole.curve[-1].seconds


def test_synthetic_task_loss_is_its_formula() -> None:
    task = SyntheticTask(noise=0.0)
    optimum = task.space.optimum
    evaluation, _ = task.evaluate(make_trial(task, optimum))
    assert task.objective.loss(evaluation.curve[-1]) == pytest.approx(0.1 + 0.5 / 9) == task.optimal_loss
    changed = {**optimum, "gene_0": "tanh", "gene_1": "tanh"}  # two genes of six
    evaluation, _ = task.evaluate(make_trial(task, changed, fidelity=2))
    assert task.objective.loss(evaluation.curve[-1]) == pytest.approx(0.1 + 2 / 6 + 0.5 / 2)


def test_synthetic_task_refuses_a_foreign_checkpoint() -> None:
    task = SyntheticTask()
    _, checkpoint = task.evaluate(make_trial(task, task.space.optimum, fidelity=1))
    other = task.space.neighbour(task.space.optimum, np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="belongs to another training"):
        task.evaluate(make_trial(task, other), checkpoint)


def test_synthetic_task_faults_strike_the_declared_configs() -> None:
    faults = (
        Fault("raise", where=(("gene_0", "relu"),)),
        Fault("memory", where=(("gene_0", "swish"),)),
        Fault("diverge", where=(("gene_0", "tanh"),)),
        Fault("nan", where=(("gene_0", "elu"),)),
        Fault("sleep", where=(("gene_0", "symlog"),), seconds=0.02),
    )
    task = SyntheticTask(faults=faults)

    def evaluate(gene: str) -> tuple[Status, int, float]:
        evaluation, _ = task.evaluate(make_trial(task, {**task.space.optimum, "gene_0": gene}))
        return evaluation.status, len(evaluation.curve), evaluation.curve[-1].val_loss

    with pytest.raises(RuntimeError, match="synthetic fault"):
        evaluate("relu")
    with pytest.raises(MemoryError, match="synthetic fault"):
        evaluate("swish")
    assert evaluate("tanh")[:2] == (Status.DIVERGED, 4)
    assert math.isnan(evaluate("elu")[2])
    start = time.monotonic()
    assert evaluate("symlog")[0] is Status.OK
    assert time.monotonic() - start >= 0.02


def test_synthetic_task_exit_ends_the_process() -> None:
    code = (
        "from nasbench_sparse.testing.problems import *;"
        "task = SyntheticTask(faults=(Fault('exit'),)); task.evaluate(make_trial(task, task.space.optimum))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 17


def test_synthetic_task_search_steps_need_the_state_before() -> None:
    task = SyntheticTask(search_steps=True)
    assert task.problem.relaxation is not None
    assert SyntheticTask().problem.relaxation is None
    first, state = task.advance(SearchStep("m:f", 0, seed=5), 0)
    second, _ = task.advance(SearchStep("m:f", 1, seed=5), 0, state)
    assert first.config is not None
    assert second.config is not None
    task.space.validate(second.config)
    with pytest.raises(RuntimeError, match="search step 1 needs the state"):
        task.advance(SearchStep("m:f", 1, seed=5), 0, None)


def test_synthetic_task_fingerprint_depends_on_what_it_declares() -> None:
    fingerprints = {
        SyntheticTask().fingerprint,
        SyntheticTask(noise=0.0).fingerprint,
        SyntheticTask(faults=(Fault("raise"),)).fingerprint,
        *(task.fingerprint for task in TASKS.values()),
    }
    assert len(fingerprints) == 6
    assert SyntheticTask(description="prose").fingerprint == SyntheticTask().fingerprint
    orjson.dumps(SyntheticTask().declaration)
