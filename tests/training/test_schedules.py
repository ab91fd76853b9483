from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasbench_sparse.core.blueprint import Recipe
from nasbench_sparse.errors import UnknownName
from nasbench_sparse.training.schedules import Progress, learning_rate


@pytest.mark.parametrize(
    ("schedule", "epochs", "expected"),
    [
        ("constant", 40, {0: 0.8, 39: 0.8}),
        ("step", 8, {0: 0.8, 3: 0.8, 4: 0.08, 5: 0.08, 6: 0.008, 7: 0.008}),
        ("linear", 8, {0: 0.8, 1: 0.7, 4: 0.4, 7: 0.1}),
        ("cosine", 6, {0: 0.8, 2: 0.6, 3: 0.4, 4: 0.2}),  # cos 60, 90 and 120 degrees
        ("halving", 80, {0: 1e-3, 19: 1e-3, 20: 5e-4, 39: 5e-4, 40: 2.5e-4, 60: 1.25e-4}),
        ("warm_restarts", 99, {0: 0.8, 6: 0.400025, 12: 0.8, 4: 0.6000125, 18: 0.400025}),
    ],
)
def test_learning_rate_golden_values(schedule: str, epochs: int, expected: dict[int, float]) -> None:
    recipe = Recipe(schedule=schedule, learning_rate=0.8)
    for epoch, rate in expected.items():
        assert learning_rate(recipe, Progress(epoch, epochs)) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    ("recipe", "epochs", "expected"),
    [
        (Recipe("sgd", 0.8, "cosine", schedule_options=(("final", 0.2),)), 6, {0: 0.8, 2: 0.65, 3: 0.5, 4: 0.35}),
        (Recipe("sgd", 0.8, "asni_cosine", schedule_options=(("delta", 0.5),)), 4, {0: 0.8, 2: 0.6, 3: 0.4}),
        (
            Recipe("sgd", 0.8, "multistep", schedule_options=(("milestones", (2, 5)),)),
            8,
            {1: 0.8, 2: 0.08, 5: 0.008},
        ),
        (Recipe("sgd", 0.8, "linear", warmup_epochs=4), 12, {0: 0.2, 1: 0.4, 3: 0.8, 4: 0.8, 8: 0.4, 11: 0.1}),
        (Recipe("sgd", 0.8, "linear", warmup_epochs=4, schedule_every="step"), 12, {0: 0.0, 0.5: 0.1, 6: 0.6}),
        (
            Recipe(
                "sgd", 0.8, "multistep", schedule_options=(("milestones", (5,)), ("factor", 0.5)), warmup_epochs=2
            ),
            8,
            {0: 0.4, 1: 0.8, 4: 0.8, 5: 0.4},
        ),
    ],
    ids=lambda value: value.schedule if isinstance(value, Recipe) else "",
)
def test_learning_rate_with_options_and_warm_up(recipe: Recipe, epochs: int, expected: dict[float, float]) -> None:
    """asni_cosine: 0.4 (1 + cos(pi e / 6)), 60 degrees at e = 2."""
    for epoch, rate in expected.items():
        assert learning_rate(recipe, Progress(epoch, epochs)) == pytest.approx(rate, rel=1e-12)


def test_asni_cosine_stays_positive_where_the_printed_one_does_not() -> None:
    rates = [learning_rate(Recipe("sgd", 0.05, "asni_cosine"), Progress(epoch, 160)) for epoch in range(160)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0.0
    assert rates[80] == pytest.approx(0.025 * (1 + math.cos(math.pi / 2.1)))


def test_plateau_falls_after_more_than_two_epochs_without_progress() -> None:
    recipe = Recipe(schedule="plateau", learning_rate=0.8)
    losses = [1.0, 0.5, 0.5, 0.6, 0.49999, 0.4, 0.4, 0.4, 0.4]
    rates = [learning_rate(recipe, Progress(n, 20, losses[:n])) for n in range(len(losses) + 1)]
    # 0.49999 is less than 0.01 % below 0.5: the third epoch without progress. 0.4 is the new best at n = 6.
    assert rates == pytest.approx([0.8, 0.8, 0.8, 0.8, 0.8, 0.04, 0.04, 0.04, 0.04, 0.002], rel=1e-12)


@given(losses=st.lists(st.sampled_from([0.5, 0.7, 0.9, 0.90005, 0.89995]), max_size=30))
def test_plateau_equals_torch(losses: list[float]) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.05, patience=2, threshold=1e-4, eps=0
    )
    for loss in losses:
        scheduler.step(loss)
    rate = learning_rate(Recipe(schedule="plateau", learning_rate=0.8), Progress(len(losses), 40, losses))
    assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)


def test_learning_rate_refuses_an_unknown_schedule() -> None:
    with pytest.raises(UnknownName, match="'cosine'"):
        learning_rate(Recipe(schedule="cosinus"), Progress(0, 1))
