"""The adapter to Optuna's samplers."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from nasbench_sparse.core.trial import Observation, Status
from nasbench_sparse.errors import UnknownName, UnsupportedSpace
from nasbench_sparse.optimizers.optuna_sampler import SAMPLERS, OptunaSampler
from nasbench_sparse.testing.driving import drive
from nasbench_sparse.testing.problems import SyntheticTask, synthetic_tasks
from nasbench_sparse.testing.synthetic_spaces import ContinuousSpace

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

TASKS = synthetic_tasks()


@dataclass(frozen=True)
class DeepSpace(ContinuousSpace):
    """Coordinates of every kind, and a condition on a condition; configs are the points."""

    @property
    def coordinates(self) -> ConfigurationSpace:
        import ConfigSpace as cs

        space = cs.ConfigurationSpace()
        use, kind, size = (
            cs.Categorical("z_use", [True, False]),
            cs.Categorical("m_kind", ["p", "q"]),
            cs.Integer("a_size", (1, 64), log=True),
        )
        level = cs.OrdinalHyperparameter("level", ["low", "mid", "high"])
        space.add([size, kind, use, level, cs.Constant("fixed", 7), cs.Float("rate", (1e-3, 1.0), log=True)])
        space.add(cs.EqualsCondition(kind, use, True))
        space.add(
            cs.AndConjunction(cs.EqualsCondition(size, kind, "q"), cs.InCondition(size, level, ["mid", "high"]))
        )
        return space

    def canonical(self, config: Any) -> dict[str, Any]:
        return dict(sorted(config.items()))


def tell(optimizer: OptunaSampler, number: int, config: Any, loss: float) -> None:
    optimizer.tell(Observation(number, config, 9, loss, Status.OK, 1.0))


def test_optuna_suggests_active_parameters_only() -> None:
    from ConfigSpace import Configuration

    space = DeepSpace()
    optimizer = OptunaSampler(SyntheticTask(space=space).problem, seed=0, sampler="random")
    coordinates = space.coordinates
    seen = set()
    for _ in range(200):
        config = optimizer.ask()
        # Raises on an inactive parameter with a value, and on an active one without.
        Configuration(coordinates, values=dict(config)).check_valid_configuration()
        seen.add(tuple(config))
    assert len(seen) == 3  # without m_kind; with m_kind; with both


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_optuna_every_sampler_serves_a_continuous_space(name: str) -> None:
    task = TASKS["continuous"]
    optimizer = OptunaSampler(task.problem, seed=0, sampler=name)
    assert len({str(answer) for answer in drive(optimizer, task, asks=5).answers}) == 5


def test_optuna_refuses_unknown_names_and_options() -> None:
    problem = TASKS["continuous"].problem
    with pytest.raises(UnknownName, match="unknown sampler of optuna 'TPE': did you mean 'tpe'"):
        OptunaSampler(problem, seed=0, sampler="TPE")
    with pytest.raises(
        UnknownName, match="option of optuna's TPESampler 'n_startup': did you mean 'n_startup_trials'"
    ):
        OptunaSampler(problem, seed=0, sampler_options={"n_startup": 3})
    with pytest.raises(UnknownName, match="seed"):
        OptunaSampler(problem, seed=0, sampler_options={"seed": 3})


def test_optuna_cma_es_refuses_categorical_coordinates() -> None:
    with pytest.raises(UnsupportedSpace, match="searches numbers only, not the categorical gene_0, gene_1"):
        OptunaSampler(TASKS["chromosome"].problem, seed=0, sampler="cmaes")
    with pytest.raises(UnsupportedSpace, match="not the categorical optimizer:"):
        OptunaSampler(TASKS["mixed"].problem, seed=0, sampler="cmaes")


def test_optuna_tells_a_failure_as_the_worst_loss_of_a_finished_trial() -> None:
    optimizer = OptunaSampler(TASKS["continuous"].problem, seed=0)
    config = optimizer.ask()
    optimizer.tell(Observation(0, config, 9, 10.0, Status.FAILED, 1.0))
    (trial,) = optimizer._study.trials
    assert trial.state.name == "COMPLETE"
    assert trial.value == 10.0


def test_optuna_matches_equal_outstanding_configs_to_different_trials() -> None:
    task = SyntheticTask()
    optimizer = OptunaSampler(task.problem, seed=0, sampler="random")
    config = optimizer.ask()
    number = optimizer._outstanding.copy()
    twin = optimizer._study.ask().number  # a second trial that decodes to the same config
    next(iter(number.values())).append(twin)
    tell(optimizer, 0, config, 1.0)
    tell(optimizer, 1, config, 2.0)
    assert [trial.value for trial in optimizer._study.trials] == [1.0, 2.0]


def test_optuna_revise_replaces_the_loss_and_keeps_the_rest() -> None:
    optimizer = OptunaSampler(TASKS["mixed"].problem, seed=0)
    configs = [optimizer.ask() for _ in range(4)]
    for number in (2, 0, 1):
        tell(optimizer, number, configs[number], float(number))
    before = optimizer._study.trials
    optimizer.revise(Observation(9, configs[0], 9, -5.0, Status.OK, 1.0))
    after = optimizer._study.trials
    assert [trial.values for trial in after] == [[-5.0], [1.0], [2.0], None]
    assert [trial.params for trial in after] == [trial.params for trial in before]
    tell(optimizer, 3, configs[3], 3.0)  # the outstanding trial survives
    assert optimizer._study.trials[3].value == 3.0


def test_optuna_leaves_logging_and_warnings_as_they_were() -> None:
    import optuna

    task = TASKS["continuous"]
    before = optuna.logging.get_verbosity(), logging.getLogger("optuna").level, list(warnings.filters)
    drive(OptunaSampler(task.problem, seed=0, sampler="gp"), task, asks=3)
    assert (optuna.logging.get_verbosity(), logging.getLogger("optuna").level, list(warnings.filters)) == before
