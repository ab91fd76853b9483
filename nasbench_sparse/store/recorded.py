"""Recordings: everything a run asked and was told, rebuilt from table rows, journal events, or both."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasbench_sparse.core.record import Recording, Told
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.store import connect
from nasbench_sparse.store.encode import Event, decode_line, decode_outcome, decode_step, decode_trial
from nasbench_sparse.store.journal import journal_path, read_lines
from nasbench_sparse.store.result_table import Key, ResultTable
from nasbench_sparse.store.reusable import decode_steps, search_steps
from nasbench_sparse.store.sources import CURVES, POINT, Sources, floats, from_json, open_sources

_TRIALS = """
SELECT t.*, c.config FROM trials AS t
LEFT JOIN (FROM configs WHERE fingerprint = ?) AS c USING (config_key)
WHERE t.run_id = ? ORDER BY t.asked_order
"""

_OWN_STEPS = """
SELECT config_key, replicate, status, seconds, outcome FROM conflicts
WHERE run_id = ? AND phase = 'search step'
"""


def recorded(path: Path, run_id: str, *, unknown: bool = False) -> tuple[Recording, int]:
    """Return what is recorded of a run, and the number its next event has; see `Store.recorded`.

    Args:
        unknown: the file does not hold the run; its journal may.
    """
    if not read_lines(journal_path(path, run_id)) and (unknown or not _is_known(path, run_id)):
        return Recording(), 0  # without reading, or stumbling over, the journals of others
    with open_sources(path) as sources:
        known = sources.run(run_id)
        events = [decode_line(line) for line in sources.lines.get(run_id, [])]
        new = [event for event in events if known is None or event["seq"] > known["events"]]
        fingerprint = known["fingerprint"] if known else new[0]["task"]["fingerprint"]
        gathering = _Gathering(fingerprint, run_id)
        gathering.add_rows(sources)
        gathering.add_events(new)
        gathering.add_results(sources)
    recording = gathering.finish()
    last = -1
    if known is not None:
        recording.status, last = known["status"], known["events"]
        recording.budget, recording.spent = known["budget"], known["spent"]
    for event in new:
        last = event["seq"]
        if event["event"] == "run":
            recording.status = "running"
        elif event["event"] == "end":
            recording.status = event["status"]
            recording.budget, recording.spent = floats(event["budget"]), floats(event["spent"])
    return recording, last + 1


def _is_known(path: Path, run_id: str) -> bool:
    if not path.exists():
        return False
    with connect.connect(path, read_only=True, wait=connect.READER_WAIT) as connection:
        return connection.execute("SELECT 1 FROM runs WHERE run_id = ?", [run_id]).fetchone() is not None


class _Gathering:
    """A run's recording while it is gathered: what was told names its curves, which come last."""

    def __init__(self, fingerprint: str, run_id: str) -> None:
        self.fingerprint = fingerprint
        self.run_id = run_id
        self.asked: dict[int, Trial] = {}
        self.asked_order: dict[int, int] = {}
        self.told_order: list[int] = []
        self.told: list[dict[str, Any]] = []  # fields of Told and Evaluation, in the order told
        self.curves = ResultTable()
        self.steps: dict[Key, Evaluation] = {}

    def add_rows(self, sources: Sources) -> None:
        """Add what the DuckDB file holds."""
        records = sources.records(_TRIALS, [self.fingerprint, self.run_id])
        for record in records:
            self.asked[record["number"]] = _trial(record)
            self.asked_order[record["number"]] = record["asked_order"]
        told = [record for record in records if record["told_order"] is not None]
        for record in sorted(told, key=lambda record: int(record["told_order"])):
            self.told_order.append(record["told_order"])
            self.told.append({**record, "at": record["told_at"], "outcome": from_json(record["outcome"])})
        self.curves.add_rows(
            sources.rows(f"SELECT {POINT} FROM conflicts WHERE run_id = ? AND phase = 'search'", [self.run_id])
        )

    def add_events(self, events: Iterable[Event]) -> None:
        """Add what the journal holds beyond that."""
        for event in events:
            if event["event"] == "asked":
                self.asked[event["number"]] = decode_trial(event)
                self.asked_order[event["number"]] = event["seq"]
            elif event["event"] == "told":
                self.told.append(event)
                self.told_order.append(event["seq"])
                if "curves" in event:
                    self.curves.add_event(event)

    def add_results(self, sources: Sources) -> None:
        """Add the results the run was told: where a conflict kept one of its own it is there already."""
        keys = {trial.config_key for trial in self.asked.values()}
        self.curves.add_rows(
            sources.rows(
                f"SELECT {POINT} FROM trainings WHERE fingerprint = ? AND phase = 'search' "
                "AND config_key IN (SELECT unnest(?))",
                [self.fingerprint, sorted(keys)],
            )
        )
        for event in sources.told_events(self.fingerprint, CURVES):
            if event["key"] in keys:
                self.curves.add_event(event)
        if any(trial.search is not None for trial in self.asked.values()):
            own = decode_steps(sources.rows(_OWN_STEPS, [self.run_id]))
            self.steps = search_steps(sources, self.fingerprint) | own

    def finish(self) -> Recording:
        """Return the recording; `told_before` follows from the event numbers."""
        asked = {
            number: replace(trial, told_before=bisect_left(self.told_order, self.asked_order[number]))
            for number, trial in self.asked.items()
        }
        return Recording(asked, [self._told(fields) for fields in self.told])

    def _told(self, fields: Mapping[str, Any]) -> Told:
        loss, incumbent = fields["loss"], fields["incumbent_loss"]
        return Told(
            number=fields["number"],
            evaluation=self._evaluation(fields),
            loss=float(loss),
            incumbent_loss=None if incumbent is None else float(incumbent),
            units=fields["units"],
            at=float(fields["at"]),
            worker=fields["worker"],
            reused=fields["reused"],
            predicted=bool(fields.get("predicted")),
        )

    def _evaluation(self, fields: Mapping[str, Any]) -> Evaluation:
        status, seconds, error = Status(fields["status"]), float(fields["seconds"]), fields["error"]
        trial = self.asked.get(fields["number"])
        if trial is None:  # the event that asked it is lost, so whoever replays the run refuses it
            return Evaluation(status, (), seconds, error)
        key = (trial.config_key, trial.replicate)
        if fields.get("outcome") is not None or not status.reusable:
            return decode_outcome(status, seconds, error, fields.get("outcome"))
        if trial.search is not None:
            step = self.steps.get(key, Evaluation(status))
            return Evaluation(status, step.curves, seconds, error, step.config)
        return Evaluation(status, self.curves.curves(key, trial.fidelity), seconds, error)


def _trial(record: Mapping[str, Any]) -> Trial:
    config = from_json(record["config"])
    search = decode_step(config) if record["kind"] == "search" else None
    return Trial(
        record["number"],
        {} if search is not None else config,
        record["config_key"],
        record["fidelity"],
        record["replicate"],
        record["parent"],
        record["resumes_at"],
        search,
    )
