from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.trial import Evaluation, SearchStep, Status, Trial
from nasbench_sparse.errors import TaskError, UnknownName
from nasbench_sparse.search_spaces.operator_chromosome import OperatorChromosome
from nasbench_sparse.training.task import TrainingTask
from nasbench_sparse.training.version import ENGINE
from tests.training.small import small_task

STEP = SearchStep(f"{__name__}:echo", step=3, seed=5)


def echo(
    task: TrainingTask, step: SearchStep, replicate: int, checkpoint: bytes | None
) -> tuple[Evaluation, bytes | None]:
    """Stand in for a search method."""
    return Evaluation(Status.OK, error=f"{task.name} {step.step} {replicate}"), checkpoint


def test_training_task_refuses_a_fidelity_of_another_length_or_unit() -> None:
    with pytest.raises(TaskError, match=r"fidelity.max is 5, but the blueprint's searched training has 4 epochs"):
        replace(small_task(), fidelity=Fidelity("epochs", 1, 5))
    with pytest.raises(TaskError, match="counts epochs, not steps"):
        replace(small_task(), fidelity=Fidelity("steps", 1, 4))
    with pytest.raises(TaskError, match="steps need epochs of one step, steps_per_epoch=1"):
        replace(small_task(), fidelity=Fidelity("steps", 1, 4))
    with pytest.raises(UnknownName, match="'digits'"):
        replace(small_task(), dataset="digit")


def test_training_task_in_steps_takes_one_step_for_each_unit_and_continues() -> None:
    whole = small_task()
    blueprint = whole.blueprint.with_recipe(steps_per_epoch=1)
    task = replace(whole, blueprint=blueprint, fidelity=Fidelity("steps", 1, 4))
    assert task.fingerprint != replace(task, fidelity=Fidelity("epochs", 1, 4)).fingerprint
    config = task.space.sample(np.random.default_rng(0))
    full, _ = task.evaluate(Trial(0, config, config_key(config), 4, 0))
    part, state = task.evaluate(Trial(0, config, config_key(config), 3, 0))
    more, _ = task.evaluate(Trial(0, config, config_key(config), 4, 0), state)
    assert [point.step for point in full.curve] == [1, 2, 3, 4]
    for curve in (part.curve, more.curve):
        assert [p._replace(seconds=0.0) for p in curve] == [
            p._replace(seconds=0.0) for p in full.curve[: len(curve)]
        ]
    epoch, _ = whole.evaluate(Trial(0, config, config_key(config), 1, 0))
    assert full.curve[0].val_loss > epoch.curve[0].val_loss, "a step learns less than an epoch"


def test_training_task_fingerprint_holds_the_engine_and_the_blueprint() -> None:
    task = small_task()
    assert task.declaration["engine"] == ENGINE
    assert task.fingerprint == small_task().fingerprint
    changed = replace(task, blueprint=task.blueprint.with_recipe(weight_decay=0.5))
    assert changed.fingerprint != task.fingerprint


def test_training_task_imports_without_torch() -> None:
    code = "import sys, nasbench_sparse.training.task; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_advance_calls_the_method_a_step_names() -> None:
    task = replace(small_task(), space=OperatorChromosome(sites=2))
    assert task.searchable
    evaluation, state = task.advance(STEP, 1, b"state")
    assert (evaluation.error, state) == ("small 3 1", b"state")
    with pytest.raises(UnknownName, match="is not `package"):
        task.advance(replace(STEP, method="nasbench_sparse.nowhere:f"), 0)


def test_advance_is_refused_where_the_space_has_no_relaxation() -> None:
    assert not small_task().searchable
    with pytest.raises(NotImplementedError, match="has no search steps"):
        small_task().advance(STEP, 0)
