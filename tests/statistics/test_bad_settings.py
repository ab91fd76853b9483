"""What a function cannot use is refused in one sentence that names it and what is allowed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nasbench_sparse.leaderboard import statistics as s

NAN, INF = np.nan, np.inf
SCORES = np.arange(12.0).reshape(6, 2)
NAMED = {name: SCORES[:, 0] * factor for name, factor in (("a", 1), ("b", 2), ("c", 3))}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


DRAWING: dict[str, Callable[[Any], Any]] = {
    "bootstrap_mean": lambda r: s.bootstrap_mean([1.0, 2.0, 3.0], r),
    "signed_rank": lambda r: s.signed_rank([1.0, 2.0], [2.0, 2.0], unit="tasks", rng=r),
    "pairwise": lambda r: s.pairwise(NAMED, unit="tasks", rng=r),
    "friedman": lambda r: s.friedman(NAMED, unit="tasks", rng=r),
    "critical_difference": lambda r: s.critical_difference(NAMED, unit="tasks", rng=r),
    "iqm": lambda r: s.iqm(SCORES, r),
    "performance_profile": lambda r: s.performance_profile(SCORES, [1.0], r),
    "probability_of_improvement": lambda r: s.probability_of_improvement(SCORES, SCORES, r),
    "expected_best": lambda r: s.expected_best([1.0, 2.0], r),
}


@pytest.mark.parametrize("name", DRAWING)
@pytest.mark.parametrize("given", [0, None, np.random.RandomState(0)])
def test_what_is_no_generator_is_refused(name: str, given: object) -> None:
    with pytest.raises(s.StatisticsError, match=f"rng is a {type(given).__name__}; a numpy Generator is needed"):
        DRAWING[name](given)


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: s.nemenyi_p_value(NAN, 5, 10), "difference is nan; a finite number"),
    (lambda: s.nemenyi_p_value(1.0, 5, NAN), "n is nan; a finite number"),
    (lambda: s.nemenyi_p_value(1.0, 5, INF), "n is inf; a finite number"),
    (lambda: s.nemenyi_p_value(1.0, 2.5, 10), "contenders is 2.5; a whole number"),  # type: ignore[arg-type]
    (lambda: s.nemenyi_difference(5, 0.5), "n is 0.5; at least one unit"),
    (lambda: s.needed_units(0.5, alternative="two_sided"), "allowed: two-sided, less, greater"),  # type: ignore[arg-type]
    (lambda: s.needed_units(0.5, level="0.05"), "level is '0.05'; a number strictly"),  # type: ignore[arg-type]
    (lambda: s.needed_units("a"), "effect is 'a'; a finite number"),  # type: ignore[arg-type]
    (lambda: s.needed_units(0.5, zeros=1.0), r"a share of zero differences lies in \[0, 1\)"),
    (lambda: s.needed_units(0.5, tests=0), "tests is 0; a whole number is needed, and at least 1"),
    (lambda: s.bootstrap_mean([1.0, 2.0], rng(), resamples=150.5), "resamples is 150.5; a whole number"),  # type: ignore[arg-type]
    (lambda: s.gather_units(NAMED, unit="tasks", families=5), "families is a int; a list"),  # type: ignore[arg-type]
    (lambda: s.friedman(NAMED, unit="tasks", rng=rng(), permutations=5), "permutations is 5; .* at least 100"),
    (lambda: s.aggregate("mean", lambda t: t.mean(), SCORES, rng()), r"to \(\); \(1,\) is needed"),
    (lambda: s.aggregate("mean", None, SCORES, rng()), "a function of stacked scores"),  # type: ignore[arg-type]
    (lambda: s.expected_best([1, 2, 3], rng(), trials=[1.5, 2.7]), "whole numbers within 1 .. 3"),
    (lambda: s.expected_best([1, 2, 3], rng(), trials=[NAN]), "whole numbers within 1 .. 3"),
    (lambda: s.hypervolume([0.1], [0.2], (INF, 1.0)), "density of reference is inf"),
    (lambda: s.hypervolume([0.1], [0.2], (1.0, 1.0), (-INF, 0.0)), "density of ideal is -inf"),
    (lambda: s.hypervolume([0.1], [0.2], (1, 1, 1)), "reference holds 3 numbers"),  # type: ignore[arg-type]
    (lambda: s.hypervolume([0.1], [0.2], 1), "reference is a int; a list"),  # type: ignore[arg-type]
    (lambda: s.attained_loss([0.1], [0.2], [NAN]), "densities holds NaN"),
    (lambda: s.attainment([([0.1], [0.2])], [NAN]), "densities holds NaN"),
    (lambda: s.attainment([0.1], [0.1]), "a run is a float; a list"),  # type: ignore[list-item]
    (lambda: s.attainment(5, [0.1]), "runs is a int; a list"),  # type: ignore[arg-type]
    (lambda: s.trace([1.0], [1.0], end="x"), "end is 'x'; a number is needed"),  # type: ignore[arg-type]
    (lambda: s.trace([1.0], [1.0], end=NAN), "end is nan; a number is needed"),
    (lambda: s.anytime([s.trace([], [])], None, 1.0, axis="seconds"), "budget is None"),  # type: ignore[arg-type]
    (lambda: s.anytime([s.trace([], [])], 0.0, 1.0, axis="seconds"), "budget is 0; a positive one"),
    (lambda: s.anytime([s.trace([], [])], 1.0, NAN, axis="seconds"), "before is nan"),
    (lambda: s.anytime([s.trace([], [])], 1.0, 1.0, axis="seconds", points=1), "points is 1; .* at least 2"),
    (lambda: s.anytime([5], 1.0, 1.0, axis="seconds"), "each made by `trace`"),  # type: ignore[list-item]
    (lambda: s.time_to_target([5], [1.0], [1.0], axis="seconds"), "each made by `trace`"),  # type: ignore[list-item]
    (lambda: s.time_to_target([s.trace([], [])], [NAN], [1.0], axis="seconds"), "targets or grid holds NaN"),
    (lambda: s.coverage([[1.0]], ["x"]), "losses is a list; a mapping by name"),  # type: ignore[arg-type]
    (lambda: s.coverage({"a": [1.0]}, "x"), "tasks is a str; a list"),
    (lambda: s.coverage({"a": [1.0]}, ["x"], spent={"a": [1.0]}, budgets=[NAN]), "0 budgets given for 1 tasks"),
    (lambda: s.pair_runs({"a": [1.0]}), "runs of 'a' is a list; a mapping"),  # type: ignore[dict-item]
    (lambda: s.pair_runs({"a": {(0, 0): INF}}), "losses of 'a' holds an infinite value"),
    (lambda: s.agreement_matrix([[1, 2], [2, 1]], ["a", "a"]), "2 columns and 1 different names"),
    (lambda: s.agreement_matrix([[1, 2], [2, 1]], None), "names is a NoneType; a list"),  # type: ignore[arg-type]
    (lambda: s.critical_difference(NAMED, unit="tasks", rng=rng(), level="x"), "level is 'x'"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_used_is_named(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(s.StatisticsError, match=words):
        call()


def test_any_share_of_runs_above_zero_is_reached_by_the_best_of_them() -> None:
    runs = [([0.1], [0.2]), ([0.1], [0.9])]
    assert s.attainment(runs, [0.1], share=1e-12).loss.tolist() == [0.2]
