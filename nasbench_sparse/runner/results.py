"""Known results: every finished training of a task, kept by content, so that nothing is trained twice."""

from __future__ import annotations

from collections.abc import Mapping

from nasbench_sparse.core.trial import Evaluation, Status, Trial

Key = tuple[str, int]


class KnownResults:
    """Longest recorded training of each (config_key, replicate), and recorded search steps, of one task."""

    def __init__(self, recorded: Mapping[Key, Evaluation]) -> None:
        self._trainings = dict(recorded)
        self._steps: dict[Key, Evaluation] = {}

    def __len__(self) -> int:
        return len(self._trainings)

    def find(self, trial: Trial) -> Evaluation | None:
        """Return the recorded outcome of a trial, its curves cut at the trial's fidelity, or None."""
        if trial.search is not None:
            return self._steps.get((trial.config_key, trial.replicate))
        known = self._trainings.get((trial.config_key, trial.replicate))
        if known is None:
            return None
        reached = _reached(known)
        if reached >= trial.fidelity:
            if reached == trial.fidelity and known.status is Status.OK:
                return known
            return Evaluation(Status.OK, tuple(curve[: trial.fidelity] for curve in known.curves))
        if known.status is Status.DIVERGED:
            return Evaluation(known.status, tuple(curve[: trial.fidelity] for curve in known.curves))
        return None

    def knows(self, trial: Trial) -> bool:
        """Whether `find` would return an outcome."""
        key = (trial.config_key, trial.replicate)
        if trial.search is not None:
            return key in self._steps
        known = self._trainings.get(key)
        return known is not None and (known.status is Status.DIVERGED or _reached(known) >= trial.fidelity)

    def add(self, trial: Trial, evaluation: Evaluation) -> None:
        """Remember an outcome if it can be reused and is the longest of its config."""
        if not evaluation.status.reusable:
            return
        key = (trial.config_key, trial.replicate)
        if trial.search is not None:
            self._steps.setdefault(key, evaluation)
            return
        known = self._trainings.get(key)
        if known is None or (known.status is Status.OK and self._says_more(evaluation, known)):
            self._trainings[key] = evaluation

    @staticmethod
    def _says_more(evaluation: Evaluation, known: Evaluation) -> bool:
        return evaluation.status is Status.DIVERGED or _reached(evaluation) > _reached(known)

    def add_step(self, key: Key, evaluation: Evaluation) -> None:
        """Remember a recorded search step by the digest of its declaration and the replicate."""
        self._steps[key] = evaluation


def _reached(evaluation: Evaluation) -> int:
    """Return how many points every fold has."""
    return min((len(curve) for curve in evaluation.curves), default=0)
