"""Trainings K at a time against one by one: small perceptrons on digits and MNIST-5k, one core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import thread_time

import numpy as np
import torch

from benchmarks.measurement import Measurement, medians
from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.registry import load_task
from nasbench_sparse.training.task import TrainingTask

TASKS = {
    "densities": ("digits-mlp-densities", "mnist5k-mlp-densities"),
    "operators": ("digits-mlp-operators-95", "mnist5k-mlp-operators-95"),
    "cells": ("digits-mlp-cell-95", "mnist5k-mlp-cell-95"),
    "optimizers": ("digits-mlp-operators-hyperparameters-95", "mnist5k-mlp-hyperparameters-95"),
}
"""What varies between the slots, and the tasks of it."""


def measure(
    *, kinds: Sequence[str] = tuple(TASKS), size: int = 32, epochs: int = 4, singles: int = 4, repetitions: int = 3
) -> list[Measurement]:
    """Time `size` trainings of different configs as one stack; the preparation of each is left in."""
    torch.set_num_threads(1)
    found = []
    for kind in kinds:
        for name in TASKS[kind]:
            task = load_task(name)
            assert isinstance(task, TrainingTask)
            single = replace(task, numerics="single")
            stacked = replace(task, numerics=f"stacked({size})")
            trials = _trials(task, size, epochs)
            _milliseconds(stacked, trials[:1])
            together, alone = medians(
                partial(_milliseconds, stacked, trials),
                partial(_milliseconds, single, trials[:singles]),
                repetitions=repetitions,
            )
            what = f"{name}, {epochs} epochs, {size} random configs, one thread: thread time of each training"
            target = alone / 5.0 if kind in ("densities", "operators") else None
            found.append(Measurement(f"stacked({size}), {kind}", together, "ms", target, "one by one", alone, what))
    return found


def _trials(task: TrainingTask, count: int, epochs: int) -> list[Trial]:
    rng = np.random.default_rng(0)
    configs = [task.space.canonical(task.space.sample(rng)) for _ in range(count)]
    return [Trial(i, config, config_key(config), epochs, 0) for i, config in enumerate(configs)]


def _milliseconds(task: TrainingTask, trials: Sequence[Trial]) -> float:
    """Return the thread time of each training."""
    started = thread_time()
    task.evaluate_many(trials)
    return 1e3 * (thread_time() - started) / len(trials)
