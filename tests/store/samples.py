"""A small run of every kind of event, built of the core's own types."""

from __future__ import annotations

import math
from pathlib import Path

from nasbench_sparse.core.config import config_key
from nasbench_sparse.core.curve import Curve, CurvePoint
from nasbench_sparse.core.declaration import declare, digest
from nasbench_sparse.core.record import Told
from nasbench_sparse.core.run import RunSpec
from nasbench_sparse.core.trial import Evaluation, SearchStep, SharedTraining, Status, Trial
from nasbench_sparse.store import RunLog, Store
from nasbench_sparse.store.overlay import tables

FINGERPRINT = "0123456789abcdef"
DECLARATION = {"name": "toy", "family": "toys", "version": 3, "derived_from": None, "folds": 2}
PROVENANCE = {"host": "here", "threads": 1}
TABLES = ("tasks", "configs", "provenances", "trainings", "search_steps", "runs", "trials", "conflicts")


def spec(seed: int = 0) -> RunSpec:
    return RunSpec(
        task="toy", fingerprint=FINGERPRINT, optimizer="random", source="1.0", seed=seed, options={"eta": 3}
    )


def begin(store: Store, seed: int = 0, durable: str = "each") -> RunLog:
    return store.begin(spec(seed), DECLARATION, provenance=PROVENANCE, durable=durable)  # type: ignore[arg-type]


def curve(length: int, shift: float = 0.0, **metrics: float) -> Curve:
    """Values that no short decimal fraction represents, so that a lossy round trip shows."""
    return tuple(
        CurvePoint(k, 1 / (k + 3), math.pi / k + shift, 1 / 7 * k, None, 2e-310 * k, 0.1 + 0.2, k / 3, metrics)
        for k in range(1, length + 1)
    )


def ok(length: int, shift: float = 0.0) -> Evaluation:
    return Evaluation(Status.OK, (curve(length, shift), curve(length, shift + 1)), seconds=length * 2 / 3)


def trial(number: int, config: dict[str, int | float | str | bool] | None = None, fidelity: int = 3) -> Trial:
    config = {"x": number / 7, "n": number, "name": "é\u2028", "flag": True} if config is None else config
    return Trial(number, config, config_key(config), fidelity, 0)


def search_trial(number: int, step: int) -> Trial:
    search = SearchStep("package.module:advance", step, 7, (("rate", 0.1), ("edges", ("u1", "u2"))))
    return Trial(number, {}, digest(declare(search)), 1, 0, search=search)


def told(number: int, evaluation: Evaluation, *, loss: float = 0.5, reused: bool = False) -> Told:
    return Told(number, evaluation, loss, loss - 0.125, 3, number + 1 / 3, "worker-1", reused)


def record_everything(log: RunLog) -> list[tuple[Trial, Told | None]]:
    """Record one trial of each kind; return what should be read back, in order of asking."""
    nan_curve = (*curve(1, accuracy=math.inf), curve(2)[1]._replace(train_loss=math.nan, val_loss=-math.inf))
    shared = SharedTraining("pretrain-1", 0, 1, curve(4))
    wrong = Evaluation(Status.FAILED, (curve(1),), 0.25, "boom\nTraceback \x00 \ud800 '\"", None)
    cases: list[tuple[Trial, Evaluation | None]] = [
        (trial(0), Evaluation(Status.OK, (curve(3, extra=0.3), curve(3, 1.0)), 2.0, shared=(shared,))),
        (trial(1), Evaluation(Status.DIVERGED, (nan_curve, curve(2)), 1.5)),
        (trial(2), wrong),
        (trial(3), Evaluation(Status.TIMEOUT, (), 9.0, "too long")),
        (trial(4), Evaluation(Status.DIVERGED, ((), curve(1)), 0.5)),
        (search_trial(5, 0), Evaluation(Status.OK, (curve(1),), 0.75, config={"u1": "relu", "k": 1})),
        (search_trial(6, 1), Evaluation(Status.OUT_OF_MEMORY, (), 0.75, "no memory")),
        (Trial(7, trial(0).config, trial(0).config_key, 2, 0, parent=0, resumes_at=1), None),
        (trial(8), None),
    ]
    records: list[tuple[Trial, Told | None]] = []
    for item, evaluation in cases:
        log.asked(item, item.number + 0.5)
        outcome = None if evaluation is None else told(item.number, evaluation)
        records.append((item, outcome))
    for _, outcome in reversed(records):  # told in another order than asked
        if outcome is not None:
            log.told(outcome)
    return records


def fill(store: Store, seed: int = 0, trials: int = 4, shift: float = 0.0, first: int = 0) -> None:
    """Record a finished run of a few new results."""
    with begin(store, seed, "batch") as log:
        for number in range(first, first + trials):
            log.asked(trial(number), float(number))
            log.told(told(number, ok(3, shift)))
        log.end("finished", {"trials": first + trials}, {"trials": float(first + trials)})


def contents(store: Store) -> dict[str, list[str]]:
    """Return every row of every table, in a comparable form and order."""
    with tables(store.path) as connection:
        return {name: sorted(map(repr, connection.execute(f"FROM {name}").fetchall())) for name in TABLES}


def journal(store: Store, seed: int = 0) -> Path:
    return store.path.with_name(store.path.name + ".journal") / f"{spec(seed).run_id}.jsonl"
