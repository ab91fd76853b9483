"""Schema: the tables of a store, as a list of migrations; version N is what the first N of them make.

Append a migration, never change one: a store of version N - 1 is copied to `<store>.backup-v<N - 1>` and then
brought up to date when it is opened. A store of a newer version is refused, untouched.
"""

from __future__ import annotations

_TABLES = """
CREATE TABLE meta (schema_version INTEGER NOT NULL);
INSERT INTO meta VALUES (0);

CREATE TABLE tasks (
    fingerprint VARCHAR NOT NULL, name VARCHAR, version INTEGER, family VARCHAR, derived_from VARCHAR,
    declaration JSON
);

-- A search step's "config" is the step itself: method, step, seed, options.
CREATE TABLE configs (fingerprint VARCHAR NOT NULL, config_key VARCHAR NOT NULL, config JSON);

CREATE TABLE provenances (provenance_key VARCHAR NOT NULL, provenance JSON);

-- The table of results. phase is 'search', or 'shared' for a pre-training, whose config_key is its own key.
-- status is OK but for the last step of a training that diverged. seconds are cumulative.
CREATE TABLE trainings (
    fingerprint VARCHAR NOT NULL, config_key VARCHAR NOT NULL, replicate INTEGER NOT NULL,
    fold INTEGER NOT NULL, step INTEGER NOT NULL, phase VARCHAR NOT NULL, status VARCHAR NOT NULL,
    train_loss DOUBLE, val_loss DOUBLE, val_accuracy DOUBLE, test_loss DOUBLE, test_accuracy DOUBLE,
    density DOUBLE, seconds DOUBLE, metrics MAP(VARCHAR, DOUBLE), provenance_key VARCHAR
);

-- config_key is the step's own key, derived_key that of the config derived so far, which outcome holds.
CREATE TABLE search_steps (
    fingerprint VARCHAR NOT NULL, config_key VARCHAR NOT NULL, replicate INTEGER NOT NULL,
    method VARCHAR, options VARCHAR, seed BIGINT, step INTEGER, status VARCHAR NOT NULL,
    derived_key VARCHAR, seconds DOUBLE, outcome JSON, provenance_key VARCHAR
);

-- events: number of the last event merged. Removed runs keep no row; hidden ones stay out of the visible views.
CREATE TABLE runs (
    run_id VARCHAR NOT NULL, study VARCHAR, fingerprint VARCHAR NOT NULL, optimizer VARCHAR, options JSON,
    source_hash VARCHAR, seed BIGINT, replicate INTEGER, budget JSON, spent JSON, workers INTEGER,
    executor VARCHAR, status VARCHAR, started VARCHAR, ended VARCHAR, error VARCHAR, provenance JSON,
    hidden BOOLEAN NOT NULL, events BIGINT NOT NULL
);

-- kind is 'trial' or 'search'. asked_order and told_order are event numbers of the run; both kinds of time are
-- seconds of the executor's clock. outcome holds curves that are no rows of the shared table.
CREATE TABLE trials (
    run_id VARCHAR NOT NULL, number INTEGER NOT NULL, kind VARCHAR NOT NULL, config_key VARCHAR NOT NULL,
    replicate INTEGER NOT NULL, fidelity INTEGER NOT NULL, parent INTEGER, resumes_at INTEGER NOT NULL,
    status VARCHAR, loss DOUBLE, incumbent_loss DOUBLE, units INTEGER, seconds DOUBLE, asked_at DOUBLE,
    told_at DOUBLE, worker VARCHAR, reused BOOLEAN, error VARCHAR, outcome JSON, asked_order BIGINT,
    told_order BIGINT
);

-- Results that another run recorded first with other values. For a search step fold is NULL.
CREATE TABLE conflicts (
    run_id VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, config_key VARCHAR NOT NULL,
    replicate INTEGER NOT NULL, fold INTEGER, step INTEGER NOT NULL, phase VARCHAR NOT NULL,
    status VARCHAR NOT NULL, train_loss DOUBLE, val_loss DOUBLE, val_accuracy DOUBLE, test_loss DOUBLE,
    test_accuracy DOUBLE, density DOUBLE, seconds DOUBLE, metrics MAP(VARCHAR, DOUBLE),
    provenance_key VARCHAR, outcome JSON
);
"""

VIEWS = """
CREATE VIEW visible_runs AS SELECT * FROM runs WHERE NOT hidden;
CREATE VIEW visible_trials AS
    SELECT * FROM trials WHERE run_id NOT IN (SELECT run_id FROM runs WHERE hidden);
"""

MIGRATIONS: list[str] = [_TABLES + VIEWS]

TABLES = (
    "tasks",
    "configs",
    "provenances",
    "trainings",
    "search_steps",
    "runs",
    "trials",
    "conflicts",
)
"""The tables that hold records, in the order in which they are exported."""


def statements(script: str) -> list[str]:
    """Split a script of this module into its statements."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]
