"""Every built-in optimizer passes the conformance suite that plug-in authors run."""

from __future__ import annotations

from typing import Any, ClassVar

from nasbench_sparse.testing.optimizers import OptimizerSuite


class TestRandom(OptimizerSuite):
    optimizer = "random"


class TestGrid(OptimizerSuite):
    optimizer = "grid"
    options: ClassVar[dict[str, Any]] = {"resolution": 2}


class TestLexicographicGrid(OptimizerSuite):
    optimizer = "grid"
    options: ClassVar[dict[str, Any]] = {"order": "lexicographic"}
    seed_matters = False


class TestLateAcceptance(OptimizerSuite):
    optimizer = "lahc"


class TestSimulatedAnnealing(OptimizerSuite):
    optimizer = "sa"


class TestRegularizedEvolution(OptimizerSuite):
    optimizer = "evolution"
    options: ClassVar[dict[str, Any]] = {"population_size": 8, "tournament_size": 3}


class TestSuccessiveHalving(OptimizerSuite):
    optimizer = "asha"


class TestSuccessiveHalvingOverTpe(OptimizerSuite):
    optimizer = "asha"
    options: ClassVar[dict[str, Any]] = {"sampler": "optuna", "eta": 2}


class TestSuccessiveHalvingOverLateAcceptance(OptimizerSuite):
    optimizer = "asha"
    options: ClassVar[dict[str, Any]] = {"sampler": "lahc"}


class TestSuccessiveHalvingOverGrid(OptimizerSuite):
    optimizer = "asha"
    options: ClassVar[dict[str, Any]] = {"sampler": "grid", "sampler_options": {"resolution": 2}}


class TestTpe(OptimizerSuite):
    optimizer = "optuna"


class TestCmaEs(OptimizerSuite):
    optimizer = "optuna"
    options: ClassVar[dict[str, Any]] = {"sampler": "cmaes"}
    kinds = ("continuous",)


class TestNsga(OptimizerSuite):
    optimizer = "optuna"
    options: ClassVar[dict[str, Any]] = {"sampler": "nsgaii", "sampler_options": {"population_size": 6}}


class TestQuasiMonteCarlo(OptimizerSuite):
    optimizer = "optuna"
    options: ClassVar[dict[str, Any]] = {"sampler": "qmc", "sampler_options": {"scramble": True}}


class TestOptunaGaussianProcess(OptimizerSuite):
    optimizer = "optuna"
    options: ClassVar[dict[str, Any]] = {"sampler": "gp", "sampler_options": {"n_startup_trials": 4}}
    asks = 7


class TestSmacForest(OptimizerSuite):
    optimizer = "smac"
    options: ClassVar[dict[str, Any]] = {"n_initial": 4}
    kinds = ("mixed",)
    asks = 6


class TestSmacGaussianProcess(OptimizerSuite):
    optimizer = "smac-gp"
    options: ClassVar[dict[str, Any]] = {"n_initial": 4}
    kinds = ("chromosome",)
    asks = 5
