"""What may be reused: results and search steps by content, and how far each run came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nasbench_sparse.core.record import Recording
from nasbench_sparse.core.trial import Evaluation, Status
from nasbench_sparse.store.encode import Event, decode_line, decode_outcome, options_text
from nasbench_sparse.store.result_table import Key, ResultTable
from nasbench_sparse.store.sources import ADVANCES, CURVES, POINT, Row, Sources, floats, from_json, open_sources


def results(path: Path, fingerprint: str, besides: str | None = None) -> dict[Key, Evaluation]:
    """Return the reusable results of a task; see `Store.results`."""
    chosen = "fingerprint = ? AND phase = 'search' AND provenance_key IS DISTINCT FROM ?"
    with open_sources(path) as sources:
        table = ResultTable()
        table.add_rows(sources.rows(f"SELECT {POINT} FROM trainings WHERE {chosen}", [fingerprint, besides]))
        for event in sources.told_events(fingerprint, CURVES):
            table.add_event(event)
        return table.evaluations()


def search_results(
    path: Path, fingerprint: str, replicate: int, method: str, options: Mapping[str, Any], seed: int
) -> dict[int, Evaluation]:
    """Return the recorded steps of one search; see `Store.search_results`."""
    wanted = [method, options_text(options), seed, replicate]
    with open_sources(path) as sources:
        rows = sources.rows(
            "SELECT step, status, seconds, outcome FROM search_steps WHERE fingerprint = ? "
            "AND method = ? AND options = ? AND seed = ? AND replicate = ?",
            [fingerprint, *wanted],
        )
        found = {step: decode_outcome(status, t, None, from_json(text)) for step, status, t, text in rows}
        for event in _step_events(sources, fingerprint):
            step = event["advances"]
            if [step["method"], step["options"], step["seed"], event["replicate"]] == wanted:
                found.setdefault(step["step"], _outcome(event))
    return dict(sorted(found.items()))


def search_steps(sources: Sources, fingerprint: str) -> dict[Key, Evaluation]:
    """Return all reusable search steps of a task by key of the step and replicate."""
    query = "SELECT config_key, replicate, status, seconds, outcome FROM search_steps WHERE fingerprint = ?"
    found = decode_steps(sources.rows(query, [fingerprint]))
    for event in _step_events(sources, fingerprint):
        found.setdefault((event["key"], event["replicate"]), _outcome(event))
    return found


def decode_steps(rows: Iterable[Row]) -> dict[Key, Evaluation]:
    """Turn rows of step key, replicate, status, seconds and outcome into evaluations."""
    return {
        (key, replicate): decode_outcome(status, seconds, None, from_json(outcome))
        for key, replicate, status, seconds, outcome in rows
    }


def _step_events(sources: Sources, fingerprint: str) -> Iterator[Event]:
    for event in sources.told_events(fingerprint, ADVANCES):
        if Status(event["status"]).reusable:
            yield event


def _outcome(event: Event) -> Evaluation:
    return decode_outcome(event["status"], float(event["seconds"]), None, event.get("outcome"))


def statuses(path: Path) -> dict[str, Recording]:
    """Return status and spending of every run; see `Store.statuses`."""
    with open_sources(path) as sources:
        rows = sources.rows("SELECT run_id, status, spent, events FROM runs")
    found = {run: Recording(status=status, spent=floats(from_json(spent) or {})) for run, status, spent, _ in rows}
    merged = {run: events for run, _, _, events in rows}
    for run_id, lines in sources.lines.items():
        if not lines:
            continue
        last = decode_line(lines[-1])
        if last["seq"] > merged.get(run_id, -1):
            recording = found.setdefault(run_id, Recording())
            recording.status = last["status"] if last["event"] == "end" else "running"
            ends = (line for line in reversed(lines) if line.startswith(b'{"event":"end"'))
            recording.spent = next((floats(decode_line(line)["spent"]) for line in ends), recording.spent)
    return found
