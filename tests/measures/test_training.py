"""A training that is measured is the same as one that is not."""

from __future__ import annotations

from nasbench_sparse.core.blueprint import Blueprint, Network, Operator, Prune, Recipe, Train
from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.curve import Curve
from nasbench_sparse.core.fidelity import Fidelity
from nasbench_sparse.core.trial import Trial
from nasbench_sparse.measures import measure_names
from nasbench_sparse.search_spaces.factorial import Factor, Factorial, Level
from nasbench_sparse.training.task import TrainingTask


def curve(measures: tuple[str, ...]) -> Curve:
    recipe = Recipe("sgd", 0.05, momentum=0.9, weight_decay=1e-4)
    train = Train(3, recipe, measures=measures, measure_at="epochs")
    network = Network("mlp", (("inputs", 64), ("hidden", (12, 12)), ("batch_norm", True)))
    task = TrainingTask(
        name="measured",
        family="measured",
        space=Factorial((Factor("only", (Level("one"),)),)),
        dataset="digits",
        fidelity=Fidelity("epochs", 1, 3),
        blueprint=Blueprint(network, (Prune("random", (0.3,)), train), (Operator("relu"),)),
    )
    config = {"only": "one"}
    return task.evaluate(Trial(0, config, config_key(config), 3, 0))[0].curve


def test_top_5_accuracy_is_that_of_the_validation_examples() -> None:
    for point in curve(("top_5_accuracy", "top_5_accuracy[1]")):
        share = point.metrics["top_5_accuracy"]
        assert point.val_accuracy <= share < 1
        assert share * 360 == round(share * 360), "a quarter of the 1,437 examples that are no test examples"


def test_measured_training_is_bit_identical() -> None:
    plain, measured = curve(()), curve(measure_names())
    assert [p._replace(metrics={}, seconds=0.0) for p in measured] == [p._replace(seconds=0.0) for p in plain]
    assert all("egf_2" in point.metrics and "measure_seconds" in point.metrics for point in measured)
