"""SMAC's facades, made deterministic, silent and free of files. Import it only where SMAC is used."""

from __future__ import annotations

from typing import Any

import numpy as np
from ConfigSpace import Configuration, ConfigurationSpace
from smac import BlackBoxFacade, HyperparameterOptimizationFacade, Scenario
from smac.acquisition.function import LCB
from smac.acquisition.maximizer import LocalAndSortedRandomSearch, LocalSearch
from smac.facade.abstract_facade import AbstractFacade
from smac.main.smbo import SMBO


class FilelessScenario(Scenario):  # type: ignore[misc]
    """A scenario that is not written to disk."""

    def save(self) -> None:
        """Write nothing."""


class FilelessSMBO(SMBO):  # type: ignore[misc]
    """The optimization loop without its five files; writing none makes `tell` three times faster."""

    def save(self) -> None:
        """Write nothing."""


class OrderedLocalSearch(LocalSearch):  # type: ignore[misc]
    """Local search whose starting points are in the order of their vectors.

    SMAC takes them out of a set of configurations, whose order depends on Python's hash seed.
    """

    def _get_init_points_from_previous_configs(self, *args: Any, **kwargs: Any) -> list[Configuration]:
        points = super()._get_init_points_from_previous_configs(*args, **kwargs)
        return sorted(points, key=_vector)


def _vector(configuration: Configuration) -> tuple[float, ...]:
    """The configuration as numbers in [0, 1], -1 for inactive parameters (NaN has no order)."""
    return tuple(np.nan_to_num(configuration.get_array(), nan=-1.0).tolist())


def forest_facade(
    coordinates: ConfigurationSpace, *, seed: int, n_initial: int, retrain_after: int
) -> AbstractFacade:
    """Return SMAC's facade for hyperparameter optimization: random forest and log expected improvement."""
    base = HyperparameterOptimizationFacade
    scenario = _scenario(coordinates, seed)
    model = base.get_model(scenario)
    # One thread fixes the order of sums over trees. SMAC allocates room for 2**20 leaves in each tree; 4,096 give
    # the same trees below that many trials. Together an ask takes 0.23 s instead of 1.3 s (4 parameters, 2 cores).
    model._rf_opts |= {"n_jobs": 1, "max_leaf_nodes": 4096}
    selector = base.get_config_selector(scenario, retrain_after=retrain_after)
    return _facade(base, scenario, n_initial, model=model, config_selector=selector)


def gaussian_process_facade(
    coordinates: ConfigurationSpace, *, seed: int, n_initial: int, kappa: float
) -> AbstractFacade:
    """Return SMAC's black-box facade: Matern Gaussian process and lower confidence bound mean - kappa * deviation.

    SMAC's `beta` is kappa squared, held fixed.
    """
    acquisition = LCB(beta=kappa**2, update_beta=False)
    return _facade(BlackBoxFacade, _scenario(coordinates, seed), n_initial, acquisition_function=acquisition)


def _scenario(coordinates: ConfigurationSpace, seed: int) -> FilelessScenario:
    """Return a scenario without noise; its limit on trials is never reached, since the run's budget decides."""
    coordinates.seed(seed)
    return FilelessScenario(coordinates, deterministic=True, n_trials=1_000_000_000, seed=seed)


def _facade(
    base: type[AbstractFacade], scenario: FilelessScenario, n_initial: int, **components: Any
) -> AbstractFacade:
    class Facade(base):  # type: ignore[misc]
        """The base facade around `FilelessSMBO`."""

        def _get_optimizer(self) -> SMBO:
            return FilelessSMBO(
                scenario=self._scenario,
                runner=self._runner,
                runhistory=self._runhistory,
                intensifier=self._intensifier,
                overwrite=True,
            )

    maximizer: LocalAndSortedRandomSearch = base.get_acquisition_maximizer(scenario)
    inner = maximizer._local_search
    maximizer._local_search = OrderedLocalSearch(
        scenario.configspace,
        max_steps=inner._max_steps,
        n_steps_plateau_walk=inner._n_steps_plateau_walk,
        seed=scenario.seed,
    )
    return Facade(
        scenario,
        None,
        acquisition_maximizer=maximizer,
        initial_design=base.get_initial_design(scenario, n_configs=n_initial, max_ratio=1.0),
        intensifier=base.get_intensifier(scenario, max_config_calls=1),
        logging_level=False,
        overwrite=True,
        **components,
    )
