"""The log of one run: its single writer turns trials and outcomes into journal events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.record import Recording, Told
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.core.trial import Evaluation, SharedTraining, Trial
from nasbench_sparse.errors import StoreError
from nasbench_sparse.store.encode import (
    Event,
    belongs_to_table,
    curve_statuses,
    encode_curve,
    encode_outcome,
    encode_shared,
    encode_step,
    number,
    options_text,
    text,
)
from nasbench_sparse.store.journal import JournalFile


class RunLog:
    """Writes a run's journal, until closed; a context manager, driven by one thread.

    Every event carries `seq`, its number in the run's whole life, across resumes and merges. A header (`run`
    event) precedes the first event after each opening, so that one that records nothing leaves no trace.

    Attributes:
        recording: what was recorded of the run before it was opened.
    """

    def __init__(self, journal: JournalFile, header: Event, recording: Recording, next_seq: int) -> None:
        self.recording = recording
        self._journal = journal
        self._header: Event | None = header
        self._seq = next_seq
        told = {outcome.number for outcome in recording.told}
        self._untold = {n: trial for n, trial in recording.asked.items() if n not in told}
        self._asked = set(recording.asked)
        self._shared: list[SharedTraining] = []  # written by this log

    def asked(self, trial: Trial, at: float) -> None:
        """Record a trial before it is submitted; `at` is the executor's clock in seconds.

        Raises:
            StoreError: the trial's number was asked before, or the journal cannot be written.
        """
        if trial.number in self._asked:
            raise StoreError(f"trial {trial.number} of run {self._journal.path.stem} was asked before")
        step = trial.search
        self._append(
            {
                "event": "asked",
                "seq": 0,
                "number": trial.number,
                "config": dict(trial.config) if step is None else None,
                "key": trial.config_key,
                "fidelity": trial.fidelity,
                "replicate": trial.replicate,
                "parent": trial.parent,
                "resumes_at": trial.resumes_at,
                "at": number(at),
                "search": None if step is None else encode_step(step),
            },
            sync=False,  # replay asks again for what a loss of power took; a kill takes nothing that was written
        )
        self._asked.add(trial.number)
        self._untold[trial.number] = trial

    def told(self, told: Told) -> None:
        """Record the outcome of an asked trial; its curves only if it was newly trained.

        Raises:
            StoreError: the trial was not asked or was told before, or the journal cannot be written.
        """
        trial = self._untold.get(told.number)
        if trial is None:
            state = "told before" if told.number in self._asked else "never asked"
            raise StoreError(f"trial {told.number} of run {self._journal.path.stem} was {state}")
        evaluation = told.evaluation
        event: Event = {
            "event": "told",
            "seq": 0,
            "number": told.number,
            "status": evaluation.status.value,
            "loss": number(told.loss),
            "incumbent_loss": number(told.incumbent_loss),
            "units": told.units,
            "seconds": number(evaluation.seconds),
            "at": number(told.at),
            "worker": told.worker,
            "reused": told.reused,
            "error": text(evaluation.error),
        }
        if told.predicted:
            event["predicted"] = True
        if not told.reused:
            event |= _outcome(evaluation, trial)
            news = [item for item in evaluation.shared if item not in self._shared]
            if news:
                event["shared"] = encode_shared(news)
                self._shared.extend(news)
        self._append(event, sync=not told.reused)  # what the store holds already, replay finds again
        del self._untold[told.number]

    def end(
        self, status: str, budget: Mapping[str, Any], spent: Mapping[str, float], error: str | None = None
    ) -> None:
        """Record that the run stopped, and why if it failed, and flush; a larger budget may begin it again."""
        self._append(
            {
                "event": "end",
                "seq": 0,
                "status": status,
                "budget": dict(budget),
                "spent": {k: number(v) for k, v in spent.items()},
                "error": text(error),
                "time": timestamp(),
            }
        )
        self.flush()

    def flush(self) -> None:
        """Make everything recorded so far durable."""
        self._journal.flush()

    def close(self) -> None:
        """Flush and release the journal."""
        self._journal.close()

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _append(self, event: Event, *, sync: bool = True) -> None:
        if self._header is not None:
            self._journal.append({**self._header, "seq": self._seq})
            self._seq += 1
            self._header = None
        event["seq"] = self._seq
        self._journal.append(event, sync=sync)
        self._seq += 1


def header(spec: RunSpec, declaration: Mapping[str, Any], provenance: Mapping[str, Any]) -> Event:
    """Return the `run` event: everything about a run that its trials share."""
    return {
        "event": "run",
        "seq": 0,
        "time": timestamp(),
        "run": {
            "study": spec.study,
            "optimizer": spec.optimizer,
            "options": dict(spec.options),
            "source": spec.source,
            "seed": spec.seed,
            "replicate": spec.replicate,
            "workers": spec.workers,
            "executor": spec.where,
        },
        "task": {
            "fingerprint": spec.fingerprint,
            "name": spec.task,
            "version": declaration.get("version"),
            "family": declaration.get("family"),
            "derived_from": declaration.get("derived_from"),
        },
        "declaration": declaration,
        "provenance": dict(provenance),
    }


def timestamp() -> str:
    """Return the wall time as ISO 8601 in UTC; it is provenance and enters no result."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _outcome(evaluation: Evaluation, trial: Trial) -> Event:
    """Return what a new result adds to its event: rows of the shared table, or an outcome of its own."""
    added: Event = {}
    if trial.search is None and belongs_to_table(evaluation):
        curves = [encode_curve(curve) for curve in evaluation.curves]
        for columns, last in zip(curves, curve_statuses(evaluation), strict=True):
            columns["last"] = last
        added |= {"key": trial.config_key, "replicate": trial.replicate, "curves": curves}
    elif evaluation.curves or evaluation.config is not None:
        added["outcome"] = encode_outcome(evaluation)
    if trial.search is not None:
        step = trial.search
        added |= {
            "key": trial.config_key,
            "replicate": trial.replicate,
            "derived_key": None if evaluation.config is None else config_key(evaluation.config),
            "advances": {
                "method": step.method,
                "step": step.step,
                "seed": step.seed,
                "options": options_text(step.options),
            },
        }
    return added
