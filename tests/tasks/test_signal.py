from __future__ import annotations

import math

import numpy as np
import pytest

from nasbench_sparse.core.objective import Objective
from nasbench_sparse.tasks import tasks
from nasbench_sparse.tasks.measure_signal import main
from nasbench_sparse.tasks.signal import measure, signal_of
from nasbench_sparse.testing.problems import SyntheticTask

QUIET = SyntheticTask(noise=0.0)
UNBOUNDED = Objective("val_loss", "minimize", worst=1e9)
TASKS = {task.name: task for task in tasks()}


def test_signal_of_replicates_that_agree_or_oppose() -> None:
    losses = np.arange(20.0)
    agree = signal_of([losses, losses**2])
    assert (agree.tau, agree.interval, agree.better_half, agree.configs) == (1.0, (1.0, 1.0), 1.0, 20)
    assert signal_of([losses, -losses + 0.01 * losses]).tau == -1.0


def test_signal_of_counts_concordant_pairs_with_ties() -> None:
    # Pairs of (1, 1), (2, 3), (2, 2), (3, 4): concordant 5, tied in the first alone 1, of 6.
    # tau-b = 5 / sqrt(5 * 6) = 0.9129
    assert signal_of([[1, 2, 2, 3], [1, 3, 2, 4]]).tau == 0.91


def test_signal_of_better_half_leaves_out_the_worse_configs() -> None:
    first = [0.4, 0.3, 0.2, 0.1, 1.0, 2.0, 3.0, 4.0]
    second = [0.1, 0.2, 0.3, 0.4, 1.0, 2.0, 3.0, 4.0]
    signal = signal_of([first, second])
    assert signal.better_half == -1.0
    assert signal.tau == pytest.approx((28 - 12) / 28, abs=0.005)


def test_signal_of_independent_replicates_is_near_zero() -> None:
    rng = np.random.default_rng(0)
    signal = signal_of(rng.random((2, 200)))
    # var(tau) = 2(2n + 5) / 9n(n - 1) for n = 200: a standard deviation of 0.048; 4 sigmas
    assert abs(signal.tau) < 0.19
    assert signal.interval[0] < 0.0 < signal.interval[1]
    assert signal.standard_error == pytest.approx(0.048, rel=0.25)


def test_measure_is_one_without_noise_and_near_zero_where_noise_is_all() -> None:
    quiet, seconds = measure(SyntheticTask(noise=0.0))
    assert quiet.tau == 1.0
    assert quiet.configs == 50
    assert seconds > 0.0
    # a standard deviation of tau of 0.1 for 50 independent pairs; 4 sigmas
    assert abs(measure(SyntheticTask(noise=1e6, objective=UNBOUNDED))[0].tau) < 0.4


def test_main_prints_a_declaration_for_each_name(capsys: pytest.CaptureFixture[str]) -> None:
    main([f"{__name__}:QUIET"])
    line = capsys.readouterr().out
    assert line.startswith(f"{__name__}:QUIET: Signal(tau=")
    assert line.endswith(" s an evaluation\n")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TASKS))
def test_declared_signal_is_measured_again_within_three_standard_errors(name: str) -> None:
    declared = TASKS[name].signal
    assert declared is not None
    measured, _ = measure(TASKS[name])
    error = math.hypot(declared.standard_error, measured.standard_error)
    assert abs(measured.tau - declared.tau) <= 3.0 * error + 0.01
