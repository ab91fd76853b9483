"""Optuna's samplers (TPE, CMA-ES, Gaussian process, NSGA-II, ...) over the coordinates of any space."""

from __future__ import annotations

import inspect
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from nasbench_sparse.core.config import Config, config_key
from nasbench_sparse.core.optimizer import Optimizer
from nasbench_sparse.core.problem import Problem
from nasbench_sparse.core.trial import Observation
from nasbench_sparse.errors import UnsupportedSpace, unknown
from nasbench_sparse.optimizers.quiet import quiet

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from optuna import Study, Trial
    from optuna.samplers import BaseSampler

    Suggest = Callable[[Trial], Any]

SAMPLERS = {
    "cmaes": "CmaEsSampler",
    "gp": "GPSampler",
    "nsgaii": "NSGAIISampler",
    "nsgaiii": "NSGAIIISampler",
    "qmc": "QMCSampler",
    "random": "RandomSampler",
    "tpe": "TPESampler",
}
"""Optuna's samplers that need nothing but a seed. For an exhaustive search use the optimizer `grid`."""


class OptunaSampler(Optimizer):
    """Ask an Optuna study for points of `space.coordinates`, and decode them.

    Active parameters only are suggested, following the conditions of the space. Several trials may be outstanding;
    a failed one is told as a finished trial of the worst loss. On categorical coordinates CMA-ES would fall back to
    random sampling, so it is refused there. The GP sampler takes 0.1-0.3 s a trial, and may repeat configs.

    Args:
        sampler: a name of `SAMPLERS`; one spelling only, since options tell runs apart.
        sampler_options: keyword arguments of Optuna's class; its seed is made from the run's.
    Raises:
        UnknownName: no such sampler, or an option it does not take.
        UnsupportedSpace: the sampler cannot search the coordinates.
    References:
        Akiba et al. (2019), Optuna; Bergstra et al. (2011) for TPE; Hansen and Ostermeier (2001) for CMA-ES.
    """

    name: ClassVar[str] = "optuna"

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        sampler: str = "tpe",
        sampler_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(problem, seed=seed)
        coordinates = self.space.coordinates
        class_name = _sampler_class(sampler)
        if class_name == "CmaEsSampler":
            _refuse_categoricals(coordinates)
        self._suggestions = {name: _suggestion(parameter) for name, parameter in coordinates.items()}
        self._conditions = {name: tuple(coordinates.parent_conditions_of[name]) for name in self._suggestions}
        self._sampler = _make_sampler(class_name, dict(sampler_options or {}), seed)
        self._study = self._make_study()
        self._outstanding: defaultdict[str, deque[int]] = defaultdict(deque)
        self._told: dict[str, int] = {}

    def ask(self) -> Config:
        """Return the sampler's next config; never None."""
        with quiet("optuna"):
            trial = self._study.ask()
            config = self.space.decode(self._suggest(trial))
        self._outstanding[config_key(config)].append(trial.number)
        return config

    def tell(self, observation: Observation) -> None:
        """Finish the study's trial of this config."""
        key = config_key(observation.config)
        number = self._told[key] = self._outstanding[key].popleft()
        with quiet("optuna"):
            self._study.tell(number, observation.loss)

    def revise(self, observation: Observation) -> None:
        """Replace the loss last told of this config; the study is rebuilt around its sampler, in linear time."""
        number = self._told[config_key(observation.config)]
        trials = self._study.get_trials(deepcopy=True)
        trials[number].values = [observation.loss]
        self._study = self._make_study()
        with quiet("optuna"):
            self._study.add_trials(trials)

    def _make_study(self) -> Study:
        import optuna

        with quiet("optuna"):
            return optuna.create_study(sampler=self._sampler, storage=optuna.storages.InMemoryStorage())

    def _suggest(self, trial: Trial) -> dict[str, Any]:
        """Suggest each active parameter; parents come before the parameters that depend on them."""
        from ConfigSpace.types import NotSet

        values: dict[str, Any] = dict.fromkeys(self._suggestions, NotSet)
        for name, suggest in self._suggestions.items():
            if all(condition.satisfied_by_value(values) for condition in self._conditions[name]):
                values[name] = suggest(trial)
        return {name: value for name, value in values.items() if value is not NotSet}


def _sampler_class(name: str) -> str:
    if name not in SAMPLERS:
        raise unknown("sampler of optuna", name, SAMPLERS)
    return SAMPLERS[name]


def _make_sampler(class_name: str, options: dict[str, Any], seed: int) -> BaseSampler:
    import optuna

    sampler: Any = getattr(optuna.samplers, class_name)
    takes = set(inspect.signature(sampler).parameters) - {"seed"}
    for option in options:
        if option not in takes:
            raise unknown(f"option of optuna's {class_name}", option, takes)
    with quiet("optuna"):
        made: BaseSampler = sampler(seed=seed % 2**32, **options)
    return made


def _refuse_categoricals(coordinates: ConfigurationSpace) -> None:
    from ConfigSpace import CategoricalHyperparameter

    names = [n for n, parameter in coordinates.items() if isinstance(parameter, CategoricalHyperparameter)]
    if names:
        raise UnsupportedSpace(
            f"optuna's CMA-ES searches numbers only, not the categorical {', '.join(names[:5])}: choose another "
            "sampler, such as tpe"
        )


def _suggestion(parameter: Any) -> Suggest:
    """Return how a trial suggests one parameter of the coordinates."""
    import ConfigSpace as cs

    name = parameter.name
    if isinstance(parameter, cs.UniformFloatHyperparameter):
        return lambda trial: trial.suggest_float(name, parameter.lower, parameter.upper, log=parameter.log)
    if isinstance(parameter, cs.UniformIntegerHyperparameter):
        return lambda trial: trial.suggest_int(name, parameter.lower, parameter.upper, log=parameter.log)
    if isinstance(parameter, cs.CategoricalHyperparameter):
        return lambda trial: trial.suggest_categorical(name, parameter.choices)
    if isinstance(parameter, cs.OrdinalHyperparameter):
        levels = parameter.sequence
        return lambda trial: levels[trial.suggest_int(name, 0, len(levels) - 1)]
    if isinstance(parameter, cs.Constant):
        return lambda trial: parameter.value
    raise UnsupportedSpace(f"optuna cannot search {name!r}, a {type(parameter).__name__}")
