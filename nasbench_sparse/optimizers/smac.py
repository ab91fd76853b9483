"""SMAC3's Bayesian optimization, with a random forest or a Gaussian process, over any space's coordinates."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, ClassVar

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation, Status
from nasbench_sparse.errors import NbsError
from nasbench_sparse.optimizers.quiet import quiet

if TYPE_CHECKING:
    from smac.facade.abstract_facade import AbstractFacade
    from smac.runhistory import TrialInfo


class _Smac(Optimizer):
    """What both surrogates share: asking and telling a facade that writes no file."""

    def __init__(self, problem: Problem, *, seed: int, n_initial: int) -> None:
        super().__init__(problem, seed=seed)
        if n_initial < 1:
            raise NbsError(f"{self.name}: n_initial must be at least 1, not {n_initial}")
        with quiet("smac"):
            self._facade = self._make_facade(seed % 2**31, n_initial)
        self._outstanding: defaultdict[str, deque[TrialInfo]] = defaultdict(deque)
        self._told: dict[str, TrialInfo] = {}

    @abstractmethod
    def _make_facade(self, seed: int, n_initial: int) -> AbstractFacade:
        """Build SMAC's facade."""

    def ask(self) -> Config | None:
        """Return the initial design's next config, then the acquisition's; None if SMAC finds no new one."""
        from smac.main.exceptions import ConfigurationSpaceExhaustedException

        with quiet("smac"):
            try:
                info = self._facade.ask()
            except (StopIteration, ConfigurationSpaceExhaustedException):
                return None
        config = self.space.decode(dict(info.config))
        self._outstanding[config_key(config)].append(info)
        return config

    def tell(self, observation: Observation) -> None:
        """Enter the loss into SMAC's run history; a trial that failed is marked as crashed, at the worst loss."""
        key = config_key(observation.config)
        info = self._told[key] = self._outstanding[key].popleft()
        self._enter(info, observation)

    def revise(self, observation: Observation) -> None:
        """Replace the loss last told of this config in SMAC's run history."""
        self._enter(self._told[config_key(observation.config)], observation)

    def _enter(self, info: TrialInfo, observation: Observation) -> None:
        from smac.runhistory import StatusType, TrialValue

        status = StatusType.SUCCESS if observation.status is Status.OK else StatusType.CRASHED
        with quiet("smac"):
            self._facade.tell(info, TrialValue(cost=observation.loss, status=status), save=False)


class SmacForest(_Smac):
    """SMAC with a random forest and log expected improvement, after a Sobol design.

    Several trials may be outstanding: they are left out of the model until told.

    Args:
        n_initial: configs of the Sobol design.
        retrain_after: configs taken from one fit of the forest (8 in SMAC's facade, where they come out alike).
    Raises:
        NbsError: an option out of range.
    References:
        Lindauer et al. (2022), SMAC3; Hutter et al. (2011), Sequential model-based optimization.
    """

    name: ClassVar[str] = "smac"

    def __init__(self, problem: Problem, *, seed: int, n_initial: int = 10, retrain_after: int = 1) -> None:
        if retrain_after < 1:
            raise NbsError(f"smac: retrain_after must be at least 1, not {retrain_after}")
        self.retrain_after = retrain_after
        super().__init__(problem, seed=seed, n_initial=n_initial)

    def _make_facade(self, seed: int, n_initial: int) -> Any:
        from nasbench_sparse.optimizers.smac_facade import forest_facade

        return forest_facade(
            self.space.coordinates, seed=seed, n_initial=n_initial, retrain_after=self.retrain_after
        )


class SmacGaussianProcess(_Smac):
    """SMAC with a Matern Gaussian process and the lower confidence bound mean - kappa * deviation.

    Meant for few dimensions and small budgets: 1 s a trial in 5 dimensions, 12-20 s in 17.

    Args:
        n_initial: configs of the Sobol design.
        kappa: weight of the deviation, held fixed.
    Raises:
        NbsError: an option out of range.
    References:
        Lindauer et al. (2022), SMAC3; Srinivas et al. (2010), Gaussian process optimization in the bandit setting.
    """

    name: ClassVar[str] = "smac-gp"

    def __init__(self, problem: Problem, *, seed: int, n_initial: int = 10, kappa: float = 10.0) -> None:
        if not kappa > 0:
            raise NbsError(f"smac-gp: kappa must be positive, not {kappa}")
        self.kappa = kappa
        super().__init__(problem, seed=seed, n_initial=n_initial)

    def _make_facade(self, seed: int, n_initial: int) -> Any:
        from nasbench_sparse.optimizers.smac_facade import gaussian_process_facade

        return gaussian_process_facade(self.space.coordinates, seed=seed, n_initial=n_initial, kappa=self.kappa)
