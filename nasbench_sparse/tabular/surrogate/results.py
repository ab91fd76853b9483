"""Known results that a surrogate completes."""

from __future__ import annotations

from typing import Any

from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.runner.results import MOST_KEPT, KnownResults
from nasbench_sparse.tabular.surrogate.model import Surrogate, is_predicted


class PredictedResults(KnownResults):
    """Recorded trainings where there are any that long; the surrogate's predictions for every other config.

    As many predictions are kept as recorded trainings: a prediction is a hundred times as dear as a look, and an
    optimizer that asks for a config again mostly does so soon.

    Args:
        surrogate: of the task.
        arguments: see `KnownResults`.
    """

    def __init__(self, surrogate: Surrogate, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._surrogate = surrogate
        self._predicted: dict[str, Evaluation] = {}

    def _find(self, trial: Trial) -> Evaluation | None:
        found = super()._find(trial)
        if found is not None or trial.search is not None:
            return found
        predicted = self._prediction(trial)
        reached = min((len(curve) for curve in predicted.curves), default=0)
        if predicted.status is Status.DIVERGED and reached < trial.fidelity:
            return predicted
        curves = tuple(curve[: trial.fidelity] for curve in predicted.curves)
        return Evaluation(Status.OK, curves, sum(curve[-1].seconds for curve in curves))

    def knows(self, trial: Trial) -> bool:
        """Whether `find` would return an outcome: always, but for steps of a search."""
        return trial.search is None or super().knows(trial)

    def predicts(self, trial: Trial) -> bool:
        """Whether the surrogate answers a trial."""
        return trial.search is None and not super().knows(trial)

    def add(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember an outcome as `KnownResults` does; what was predicted is no recording."""
        if not is_predicted(evaluation):
            super().add(trial, evaluation)

    def _prediction(self, trial: Trial) -> Evaluation:
        predicted = self._predicted.get(trial.config_key)
        if predicted is None:
            if len(self._predicted) >= MOST_KEPT:
                self._predicted.clear()
            predicted = self._predicted[trial.config_key] = self._surrogate.evaluation(trial.config)
        return predicted
