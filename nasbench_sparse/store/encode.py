"""Encoding: events of a run as checksummed JSON lines, and back.

One encoder for everything that a journal holds. JSON has no NaN and no infinity, and orjson would write both as
null; here they are the strings "nan", "inf" and "-inf", which Python's `float` and DuckDB's cast read back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import orjson

from nasbench_sparse.core.curve import NO_METRICS, Curve, CurvePoint
from nasbench_sparse.core.trial import Evaluation, SearchStep, SharedTraining, Status, Trial

Event = dict[str, Any]

FLOAT_FIELDS = ("train_loss", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "density", "seconds")

_TAIL = len(b',"crc":"00000000"}')
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def encode_line(event: Event) -> bytes:
    """Return an event as one line whose last field is the CRC-32 of everything before that field.

    Raises:
        TypeError: a value that JSON cannot hold.
    """
    body = orjson.dumps(event, option=_OPTIONS)[:-1]
    return b'%b,"crc":"%08x"}\n' % (body, crc32(body))


def is_intact(line: bytes) -> bool:
    """Tell whether a line (without its newline) carries its own checksum."""
    body = line[:-_TAIL]
    return len(body) > 0 and line[-_TAIL:] == b',"crc":"%08x"}' % crc32(body)


def decode_line(line: bytes) -> Event:
    """Return the event of an intact line."""
    event: Event = orjson.loads(line)
    return event


def number(value: float | None) -> float | str | None:
    """Encode a float so that NaN and infinities survive JSON."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else repr(value)


def text(value: str | None) -> str | None:
    """Replace lone surrogates, which UTF-8 cannot hold, by their escapes; everything else stays."""
    return None if value is None else value.encode("utf-8", "backslashreplace").decode()


def encode_curve(curve: Curve) -> dict[str, Any]:
    """Turn a curve into columns, one list for each field."""
    columns: dict[str, Any] = {"step": [point.step for point in curve]}
    for name in FLOAT_FIELDS:
        columns[name] = [number(getattr(point, name)) for point in curve]
    if any(point.metrics for point in curve):
        columns["metrics"] = [{k: number(v) for k, v in point.metrics.items()} for point in curve]
    return columns


def decode_curve(columns: Mapping[str, Any]) -> Curve:
    """Rebuild a curve from its columns."""
    floats = [[None if v is None else float(v) for v in columns[name]] for name in FLOAT_FIELDS]
    metrics = columns.get("metrics") or [None] * len(columns["step"])
    rows = zip(columns["step"], *floats, map(decode_metrics, metrics), strict=True)
    return tuple(CurvePoint(*row) for row in rows)


def decode_metrics(metrics: Mapping[str, Any] | None) -> Mapping[str, float]:
    """Rebuild a curve point's further metrics."""
    return {k: float(v) for k, v in metrics.items()} if metrics else NO_METRICS


def encode_outcome(evaluation: Evaluation) -> dict[str, Any]:
    """Turn curves and derived config of a result that is no row of the shared table into JSON data."""
    config = None if evaluation.config is None else dict(evaluation.config)
    return {"config": config, "curves": [encode_curve(curve) for curve in evaluation.curves]}


def decode_outcome(status: str, seconds: float, error: str | None, outcome: Mapping[str, Any] | None) -> Evaluation:
    """Rebuild an evaluation whose curves and derived config were kept as an outcome."""
    outcome = outcome or {"config": None, "curves": []}
    curves = tuple(decode_curve(columns) for columns in outcome["curves"])
    return Evaluation(Status(status), curves, seconds, error, outcome["config"])


def encode_shared(shared: Sequence[SharedTraining]) -> list[dict[str, Any]]:
    """Turn shared pre-trainings into JSON data."""
    return [
        {"key": s.key, "replicate": s.replicate, "fold": s.fold, "curve": encode_curve(s.curve)} for s in shared
    ]


def encode_step(step: SearchStep) -> dict[str, Any]:
    """Turn a search step into JSON data; its options keep their order."""
    return {
        "method": step.method,
        "step": step.step,
        "seed": step.seed,
        "options": [[k, v] for k, v in step.options],
    }


def decode_step(data: Mapping[str, Any]) -> SearchStep:
    """Rebuild a search step; lists within its options come back as tuples."""
    options = tuple((name, _as_tuple(value)) for name, value in data["options"])
    return SearchStep(data["method"], data["step"], data["seed"], options)


def options_text(options: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> str:
    """Return options as JSON with sorted keys: equal options give equal text."""
    return orjson.dumps(dict(options), option=orjson.OPT_SORT_KEYS).decode()


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(v) for v in value) if isinstance(value, list) else value


def decode_trial(event: Event) -> Trial:
    """Rebuild the trial of an `asked` event."""
    step = event["search"]
    return Trial(
        event["number"],
        event["config"] or {},
        event["key"],
        event["fidelity"],
        event["replicate"],
        event["parent"],
        event["resumes_at"],
        None if step is None else decode_step(step),
    )


def belongs_to_table(evaluation: Evaluation) -> bool:
    """Tell whether a new result's curves go to the shared table; the others stay with their trial.

    A DIVERGED result without a point in some fold stays with its trial too: a table row needs a step.
    """
    return evaluation.status.reusable and bool(evaluation.curves) and all(evaluation.curves)


def curve_statuses(evaluation: Evaluation) -> list[str]:
    """Return for each fold the status of its last point: the shortest folds of a DIVERGED result diverged."""
    shortest = min((len(curve) for curve in evaluation.curves), default=0)
    diverged = evaluation.status is Status.DIVERGED
    return ["DIVERGED" if diverged and len(curve) == shortest else "OK" for curve in evaluation.curves]
