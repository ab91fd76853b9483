"""Known results: every finished training of a task, kept by content, so that nothing is trained twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from nasbench_sparse.core.trial import Evaluation, SearchStep, Status, Trial
from nasbench_sparse.errors import NbsError

Key = tuple[str, int]
Missing = Callable[[Trial], NbsError]
RecordedSearch = Callable[[SearchStep, int], Mapping[int, Evaluation]]

MOST_KEPT = 1024
"""Recorded trainings that are kept once looked up: those of a large table would not fit in memory."""


class KnownResults:
    """Longest recorded training of each (config_key, replicate), and recorded search steps, of one task.

    Args:
        recorded: the trainings; each is looked up when it is first asked for, so a table may build it then.
        search: looks up the recorded steps of a whole search, given any of its steps and the replicate; it is
            called once for each search.
        folds: trainings a trial has; an outcome with fewer curves diverged before the others began.
        missing: builds the error for a trial that is not recorded; without it such a trial is to be trained.
    """

    def __init__(
        self,
        recorded: Mapping[Key, Evaluation],
        search: RecordedSearch | None = None,
        *,
        folds: int = 1,
        missing: Missing | None = None,
    ) -> None:
        self._recorded = recorded
        self._seen: dict[Key, Evaluation] = {}
        self._kept: dict[Key, Evaluation] = {}
        self._search = search
        self._folds = folds
        self._missing = missing
        self._searches: dict[tuple[SearchStep, int], dict[int, Evaluation]] = {}

    def __len__(self) -> int:
        return len(self._recorded) + sum(key not in self._recorded for key in self._seen)

    @property
    def refuses(self) -> bool:
        """Whether a trial that is not recorded is an error."""
        return self._missing is not None

    def find(self, trial: Trial) -> Evaluation | None:
        """Return the recorded outcome of a trial, its curves cut at the trial's fidelity, or None.

        Raises:
            NbsError: there is none, and such a trial is an error.
        """
        found = self._find(trial)
        if found is None and self._missing is not None:
            raise self._missing(trial)
        return found

    def _find(self, trial: Trial) -> Evaluation | None:
        if trial.search is not None:
            return self.steps(trial.search, trial.replicate).get(trial.search.step)
        known = self._training((trial.config_key, trial.replicate))
        if known is None or not known.curves:
            return known
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
            return trial.search.step in self.steps(trial.search, trial.replicate)
        known = self._training((trial.config_key, trial.replicate))
        return known is not None and (known.status is Status.DIVERGED or self._reached(known) >= trial.fidelity)

    def predicts(self, trial: Trial) -> bool:
        """Whether what `find` returns for a trial is a guess; recorded trainings are none."""
        return False

    def add(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember an outcome if it can be reused and is the longest of its config."""
        if not evaluation.status.reusable:
            return
        if trial.search is not None:
            self.steps(trial.search, trial.replicate).setdefault(trial.search.step, evaluation)
            return
        key = (trial.config_key, trial.replicate)
        known = self._training(key)
        if known is None or (known.status is Status.OK and self._says_more(evaluation, known)):
            self._seen[key] = evaluation

    def _training(self, key: Key) -> Evaluation | None:
        known = self._seen.get(key) or self._kept.get(key)
        if known is None:
            known = self._recorded.get(key)
            if known is not None:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = known
        return known

    def _says_more(self, evaluation: Evaluation, known: Evaluation) -> bool:
        return evaluation.status is Status.DIVERGED or self._reached(evaluation) > self._reached(known)

    def steps(self, step: SearchStep, replicate: int) -> dict[int, Evaluation]:
        """Return the known steps of the search that a step belongs to."""
        first = replace(step, step=0), replicate
        if first not in self._searches:
            self._searches[first] = dict(self._search(step, replicate)) if self._search is not None else {}
        return self._searches[first]

    def _reached(self, evaluation: Evaluation) -> int:
        """Return how many points every fold has."""
        if len(evaluation.curves) < self._folds:
            return 0
        return min((len(curve) for curve in evaluation.curves), default=0)
