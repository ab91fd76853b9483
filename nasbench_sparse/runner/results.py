"""Known results: every finished training of a task, kept by content, so that nothing is trained twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from nasbench_sparse.core.trial import Evaluation, SearchStep, Status, Trial

Key = tuple[str, int]
RecordedSearch = Callable[[SearchStep, int], Mapping[int, Evaluation]]


class KnownResults:
    """Longest recorded training of each (config_key, replicate), and recorded search steps, of one task.

    Args:
        recorded: the trainings.
        search: looks up the recorded steps of a whole search, given any of its steps and the replicate; it is
            called once for each search.
        folds: trainings a trial has; an outcome with fewer curves diverged before the others began.
    """

    def __init__(
        self, recorded: Mapping[Key, Evaluation], search: RecordedSearch | None = None, *, folds: int = 1
    ) -> None:
        self._trainings = dict(recorded)
        self._search = search
        self._folds = folds
        self._searches: dict[tuple[SearchStep, int], dict[int, Evaluation]] = {}

    def __len__(self) -> int:
        return len(self._trainings)

    def find(self, trial: Trial) -> Evaluation | None:
        """Return the recorded outcome of a trial, its curves cut at the trial's fidelity, or None."""
        if trial.search is not None:
            return self._steps(trial.search, trial.replicate).get(trial.search.step)
        known = self._trainings.get((trial.config_key, trial.replicate))
        if known is None:
            return None
        reached = self._reached(known)
        if reached >= trial.fidelity:
            if reached == trial.fidelity and known.status is Status.OK:
                return known
            return Evaluation(Status.OK, tuple(curve[: trial.fidelity] for curve in known.curves))
        if known.status is Status.DIVERGED:
            return Evaluation(known.status, tuple(curve[: trial.fidelity] for curve in known.curves))
        return None

    def knows(self, trial: Trial) -> bool:
        """Whether `find` would return an outcome."""
        if trial.search is not None:
            return trial.search.step in self._steps(trial.search, trial.replicate)
        known = self._trainings.get((trial.config_key, trial.replicate))
        return known is not None and (known.status is Status.DIVERGED or self._reached(known) >= trial.fidelity)

    def add(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember an outcome if it can be reused and is the longest of its config."""
        if not evaluation.status.reusable:
            return
        if trial.search is not None:
            self._steps(trial.search, trial.replicate).setdefault(trial.search.step, evaluation)
            return
        key = (trial.config_key, trial.replicate)
        known = self._trainings.get(key)
        if known is None or (known.status is Status.OK and self._says_more(evaluation, known)):
            self._trainings[key] = evaluation

    def _says_more(self, evaluation: Evaluation, known: Evaluation) -> bool:
        return evaluation.status is Status.DIVERGED or self._reached(evaluation) > self._reached(known)

    def _steps(self, step: SearchStep, replicate: int) -> dict[int, Evaluation]:
        first = replace(step, step=0), replicate
        if first not in self._searches:
            self._searches[first] = dict(self._search(step, replicate)) if self._search is not None else {}
        return self._searches[first]

    def _reached(self, evaluation: Evaluation) -> int:
        """Return how many points every fold has."""
        if len(evaluation.curves) < self._folds:
            return 0
        return min((len(curve) for curve in evaluation.curves), default=0)
