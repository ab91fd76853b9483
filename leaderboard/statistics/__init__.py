"""Statistics of runs and tasks: tests, effect sizes, intervals and scores; pure functions over arrays.

Functions take arrays with NaN where a value is missing, and a numpy Generator where they draw. Every result is
frozen, holds n, the unit of analysis and what was left out, and says so in `sentence`. Losses are minimised;
scores, where a function says scores, are maximised. Functions load when they are first used, scipy later still.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench_sparse.leaderboard.statistics.aggregates import Aggregate, aggregate, iqm, stratified_mean
    from nasbench_sparse.leaderboard.statistics.agreement import (
        AgreementCurve,
        AgreementMatrix,
        agreement_curve,
        agreement_matrix,
    )
    from nasbench_sparse.leaderboard.statistics.attainment_surface import Attainment, attained_loss, attainment
    from nasbench_sparse.leaderboard.statistics.best_of_trials import ExpectedBest, expected_best
    from nasbench_sparse.leaderboard.statistics.bootstrap import Interval, bootstrap_mean
    from nasbench_sparse.leaderboard.statistics.check import StatisticsError
    from nasbench_sparse.leaderboard.statistics.coverage_matrix import Coverage, coverage
    from nasbench_sparse.leaderboard.statistics.friedman_ranks import Friedman, friedman
    from nasbench_sparse.leaderboard.statistics.holm_correction import Holm, holm
    from nasbench_sparse.leaderboard.statistics.improvement import Improvement, probability_of_improvement
    from nasbench_sparse.leaderboard.statistics.incumbents import Anytime, Trace, anytime, trace
    from nasbench_sparse.leaderboard.statistics.kendall import KendallTau, kendall_tau
    from nasbench_sparse.leaderboard.statistics.nemenyi import nemenyi_difference, nemenyi_p_value
    from nasbench_sparse.leaderboard.statistics.pairing import PairedRuns, pair_runs
    from nasbench_sparse.leaderboard.statistics.pairwise_tests import Comparison, Pairwise, pairwise
    from nasbench_sparse.leaderboard.statistics.pareto import Front, Hypervolume, front, hypervolume
    from nasbench_sparse.leaderboard.statistics.power import needed_units
    from nasbench_sparse.leaderboard.statistics.profiles import Profile, performance_profile
    from nasbench_sparse.leaderboard.statistics.rank_diagram import (
        CriticalDifference,
        critical_difference,
    )
    from nasbench_sparse.leaderboard.statistics.scores import Regret, Scores, normalised_scores, regret
    from nasbench_sparse.leaderboard.statistics.stratified import Strata
    from nasbench_sparse.leaderboard.statistics.targets import TimeToTarget, time_to_target
    from nasbench_sparse.leaderboard.statistics.units import Unit, Units, gather_units
    from nasbench_sparse.leaderboard.statistics.wilcoxon import SignedRank, signed_rank

_HOMES = {
    "Aggregate": "aggregates",
    "AgreementCurve": "agreement",
    "AgreementMatrix": "agreement",
    "Anytime": "incumbents",
    "Attainment": "attainment_surface",
    "Comparison": "pairwise_tests",
    "Coverage": "coverage_matrix",
    "CriticalDifference": "rank_diagram",
    "ExpectedBest": "best_of_trials",
    "Friedman": "friedman_ranks",
    "Front": "pareto",
    "Holm": "holm_correction",
    "Hypervolume": "pareto",
    "Improvement": "improvement",
    "Interval": "bootstrap",
    "KendallTau": "kendall",
    "PairedRuns": "pairing",
    "Pairwise": "pairwise_tests",
    "Profile": "profiles",
    "Regret": "scores",
    "Scores": "scores",
    "SignedRank": "wilcoxon",
    "StatisticsError": "check",
    "Strata": "stratified",
    "TimeToTarget": "targets",
    "Trace": "incumbents",
    "Unit": "units",
    "Units": "units",
    "aggregate": "aggregates",
    "agreement_curve": "agreement",
    "agreement_matrix": "agreement",
    "anytime": "incumbents",
    "attained_loss": "attainment_surface",
    "attainment": "attainment_surface",
    "bootstrap_mean": "bootstrap",
    "coverage": "coverage_matrix",
    "critical_difference": "rank_diagram",
    "expected_best": "best_of_trials",
    "friedman": "friedman_ranks",
    "front": "pareto",
    "gather_units": "units",
    "holm": "holm_correction",
    "hypervolume": "pareto",
    "iqm": "aggregates",
    "kendall_tau": "kendall",
    "needed_units": "power",
    "nemenyi_difference": "nemenyi",
    "nemenyi_p_value": "nemenyi",
    "normalised_scores": "scores",
    "pair_runs": "pairing",
    "pairwise": "pairwise_tests",
    "performance_profile": "profiles",
    "probability_of_improvement": "improvement",
    "regret": "scores",
    "signed_rank": "wilcoxon",
    "stratified_mean": "aggregates",
    "time_to_target": "targets",
    "trace": "incumbents",
}

__all__ = [
    "Aggregate",
    "AgreementCurve",
    "AgreementMatrix",
    "Anytime",
    "Attainment",
    "Comparison",
    "Coverage",
    "CriticalDifference",
    "ExpectedBest",
    "Friedman",
    "Front",
    "Holm",
    "Hypervolume",
    "Improvement",
    "Interval",
    "KendallTau",
    "PairedRuns",
    "Pairwise",
    "Profile",
    "Regret",
    "Scores",
    "SignedRank",
    "StatisticsError",
    "Strata",
    "TimeToTarget",
    "Trace",
    "Unit",
    "Units",
    "aggregate",
    "agreement_curve",
    "agreement_matrix",
    "anytime",
    "attained_loss",
    "attainment",
    "bootstrap_mean",
    "coverage",
    "critical_difference",
    "expected_best",
    "friedman",
    "front",
    "gather_units",
    "holm",
    "hypervolume",
    "iqm",
    "kendall_tau",
    "needed_units",
    "nemenyi_difference",
    "nemenyi_p_value",
    "normalised_scores",
    "pair_runs",
    "pairwise",
    "performance_profile",
    "probability_of_improvement",
    "regret",
    "signed_rank",
    "stratified_mean",
    "time_to_target",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
