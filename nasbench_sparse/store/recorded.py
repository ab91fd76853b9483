"""Reading back: recordings of runs and reusable results, as the core's own types.

Journals are read first and the DuckDB file after them: a merge in between moves events from the one to the other,
so that they are seen twice, never not at all; what the file holds already is left out of the journals by number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from nasbench_sparse.core.record import Recording, Told
from nasbench_sparse.core.trial import Evaluation, Status, Trial
from nasbench_sparse.store import connect
from nasbench_sparse.store.encode import (
    FLOAT_FIELDS,
    Event,
    decode_line,
    decode_outcome,
    decode_step,
    decode_trial,
    options_text,
)
from nasbench_sparse.store.journal import journal_path, journals, read_lines
from nasbench_sparse.store.result_table import Key, ResultTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_POINT = ", ".join(("step", *FLOAT_FIELDS, "metrics"))
_CURVES, _ADVANCES = b',"curves":', b',"advances":'


def results(path: Path, fingerprint: str) -> dict[Key, Evaluation]:
    """Return the reusable results of a task; see `Store.results`."""
    lines = _read_journals(path)
    with _database(path) as connection:
        table = ResultTable()
        if connection is not None:
            table.add_rows(_training_rows(connection, fingerprint, None))
        for event in _told_events(lines, fingerprint, _CURVES, connection):
            if "curves" in event:
                table.add_event(event)
    return table.evaluations()


def search_results(
    path: Path, fingerprint: str, replicate: int, method: str, options: Mapping[str, Any], seed: int
) -> dict[int, Evaluation]:
    """Return the recorded steps of a one-shot search; see `Store.search_results`."""
    lines = _read_journals(path)
    wanted = [method, options_text(options), seed, replicate]
    found: dict[int, Evaluation] = {}
    with _database(path) as connection:
        if connection is not None:
            rows = connection.execute(
                "SELECT step, status, seconds, outcome FROM search_steps WHERE fingerprint = ? "
                "AND method = ? AND options = ? AND seed = ? AND replicate = ?",
                [fingerprint, *wanted],
            ).fetchall()
            found = {step: decode_outcome(s, t, None, _json(outcome)) for step, s, t, outcome in rows}
        for event in _told_events(lines, fingerprint, _ADVANCES, connection):
            step = event.get("advances")
            if (
                step
                and Status(event["status"]).reusable
                and [step["method"], step["options"], step["seed"], event["replicate"]] == wanted
            ):
                found.setdefault(step["step"], _own_outcome(event))
    return dict(sorted(found.items()))


def recorded(path: Path, run_id: str) -> tuple[Recording, int]:
    """Return what is recorded of a run, and the number its next event has; see `Store.recorded`."""
    lines = _read_journals(path)
    events = [decode_line(line) for line in lines.get(run_id, [])]
    with _database(path) as connection:
        known = _run_row(connection, run_id)
        new = [event for event in events if known is None or event["seq"] > known["events"]]
        if known is None and not new:
            return Recording(), 0
        fingerprint = known["fingerprint"] if known else new[0]["task"]["fingerprint"]
        gathering = _Gathering(path, fingerprint, run_id)
        if connection is not None and known is not None:
            gathering.add_rows(connection)
        gathering.add_events(new)
        gathering.add_results(connection, lines)
    recording = gathering.finish()
    if known is not None:
        recording.status, recording.spent = known["status"], known["spent"]
    for event in new:
        if event["event"] == "run":
            recording.status = "running"
        elif event["event"] == "end":
            recording.status, recording.spent = event["status"], _floats(event["spent"])
    last = new[-1]["seq"] if new else known["events"] if known else -1
    return recording, last + 1


class _Gathering:
    """A run's recording while it is gathered: what was told names its curves, which come last."""

    def __init__(self, path: Path, fingerprint: str, run_id: str) -> None:
        self.path = path
        self.fingerprint = fingerprint
        self.run_id = run_id
        self.asked: dict[int, Trial] = {}
        self.told: list[dict[str, Any]] = []  # fields of Told and Evaluation, in the order told
        self.own = ResultTable()
        self.steps: dict[Key, Evaluation] = {}

    def add_rows(self, connection: DuckDBPyConnection) -> None:
        """Add what the DuckDB file holds."""
        rows = connection.execute(
            """
            SELECT t.*, c.config FROM trials AS t
            LEFT JOIN (FROM configs WHERE fingerprint = ?) AS c USING (config_key)
            WHERE t.run_id = ? ORDER BY t.asked_order
            """,
            [self.fingerprint, self.run_id],
        )
        names = [column[0] for column in rows.description or []]
        records = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        for record in records:
            self.asked[record["number"]] = _trial(record)
        told = [record for record in records if record["told_order"] is not None]
        for record in sorted(told, key=lambda record: int(record["told_order"])):
            record["at"] = record["told_at"]
            record["outcome"] = _json(record["outcome"])
            self.told.append(record)
        self.own.add_rows(
            connection.execute(
                f"SELECT config_key, replicate, fold, status, {_POINT} FROM conflicts "
                "WHERE run_id = ? AND phase = 'search'",
                [self.run_id],
            ).fetchall()
        )

    def add_events(self, events: Iterable[Event]) -> None:
        """Add what the journal holds beyond that."""
        for event in events:
            if event["event"] == "asked":
                self.asked[event["number"]] = decode_trial(event)
            elif event["event"] == "told":
                self.told.append(event)
                if "curves" in event:
                    self.own.add_event(event)

    def add_results(self, connection: DuckDBPyConnection | None, lines: Mapping[str, list[bytes]]) -> None:
        """Add the results the run was told: its own, and others' which it reused."""
        keys = {trial.config_key for trial in self.asked.values()}
        if connection is not None:
            self.own.add_rows(_training_rows(connection, self.fingerprint, sorted(keys)))
        for event in _told_events(lines, self.fingerprint, _CURVES, connection):
            if "curves" in event and event["key"] in keys:
                self.own.add_event(event)
        if any(trial.search is not None for trial in self.asked.values()):
            self._add_steps(connection, lines)

    def _add_steps(self, connection: DuckDBPyConnection | None, lines: Mapping[str, list[bytes]]) -> None:
        if connection is not None:
            rows = connection.execute(
                "SELECT config_key, replicate, status, seconds, outcome FROM conflicts "
                "WHERE run_id = ? AND phase = 'search step' UNION ALL "
                "SELECT config_key, replicate, status, seconds, outcome FROM search_steps WHERE fingerprint = ?",
                [self.run_id, self.fingerprint],
            ).fetchall()
            for key, replicate, status, seconds, outcome in rows:
                self.steps.setdefault((key, replicate), decode_outcome(status, seconds, None, _json(outcome)))
        for event in _told_events(lines, self.fingerprint, _ADVANCES, connection):
            if "advances" in event and Status(event["status"]).reusable:
                self.steps.setdefault((event["key"], event["replicate"]), _own_outcome(event))

    def finish(self) -> Recording:
        """Return the recording."""
        return Recording(self.asked, [self._told(fields) for fields in self.told])

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
        )

    def _evaluation(self, fields: Mapping[str, Any]) -> Evaluation:
        trial = self.asked[fields["number"]]
        key = (trial.config_key, trial.replicate)
        status, seconds, error = Status(fields["status"]), float(fields["seconds"]), fields["error"]
        if fields.get("outcome") is not None or not status.reusable:
            return decode_outcome(status, seconds, error, fields.get("outcome"))
        if trial.search is not None:
            step = self.steps.get(key, Evaluation(status))
            return Evaluation(status, step.curves, seconds, error, step.config)
        return Evaluation(status, self.own.curves(key, trial.fidelity), seconds, error)


@contextmanager
def _database(path: Path) -> Iterator[DuckDBPyConnection | None]:
    if not path.exists():
        yield None
        return
    with connect.connect(path, read_only=True, wait=connect.READER_WAIT) as connection:
        yield connection


def _read_journals(path: Path) -> dict[str, list[bytes]]:
    return {journal.stem: read_lines(journal) for journal in journals(path)}


def _training_rows(
    connection: DuckDBPyConnection, fingerprint: str, keys: list[str] | None
) -> list[tuple[Any, ...]]:
    """Return rows of config_key, replicate, fold, status and a curve point's fields; `keys` None means all."""
    where = "fingerprint = ? AND phase = 'search'" + ("" if keys is None else " AND config_key IN (SELECT unnest(?))")
    return connection.execute(
        f"SELECT config_key, replicate, fold, status, {_POINT} FROM trainings WHERE {where}",
        [fingerprint] if keys is None else [fingerprint, keys],
    ).fetchall()


def _told_events(
    lines: Mapping[str, list[bytes]], fingerprint: str, mark: bytes, connection: DuckDBPyConnection | None
) -> Iterator[Event]:
    """Yield the `told` events of a task's runs whose line holds a mark; other lines are not decoded."""
    for run_id, found in lines.items():
        if found and _fingerprint(found[0], run_id, connection) == fingerprint:
            for line in found:
                if mark in line:
                    event = decode_line(line)
                    if event["event"] == "told":
                        yield event


def _fingerprint(first: bytes, run_id: str, connection: DuckDBPyConnection | None) -> str | None:
    event = decode_line(first)
    if event["event"] == "run":
        return str(event["task"]["fingerprint"])
    row = _run_row(connection, run_id)
    return None if row is None else str(row["fingerprint"])


def _run_row(connection: DuckDBPyConnection | None, run_id: str) -> dict[str, Any] | None:
    if connection is None:
        return None
    row = connection.execute(
        "SELECT fingerprint, status, spent, events FROM runs WHERE run_id = ?", [run_id]
    ).fetchone()
    if row is None:
        return None
    spent = _floats(_json(row[2]) or {})
    return {"fingerprint": row[0], "status": row[1], "spent": spent, "events": row[3]}


def _trial(record: Mapping[str, Any]) -> Trial:
    config = _json(record["config"])
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


def _own_outcome(event: Event) -> Evaluation:
    return decode_outcome(event["status"], float(event["seconds"]), None, event.get("outcome"))


def _json(value: str | None) -> Any:
    return None if value is None else orjson.loads(value)


def _floats(spent: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in spent.items()}
