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

_VIEWS = """
CREATE VIEW visible_runs AS SELECT * FROM runs WHERE NOT hidden;
CREATE VIEW visible_trials AS
    SELECT * FROM trials WHERE run_id NOT IN (SELECT run_id FROM runs WHERE hidden);
"""

# Tables of results that were taken over say in their provenance what they cover; those built here are the sum of
# their runs. whole_space: every config of the space was trained, so that the optimum is exact.
_TABLE_VIEWS = """
CREATE VIEW tabled_tasks AS
WITH builds AS (
    SELECT DISTINCT fingerprint, replicate, options ->> '$.shard' AS shard,
           CAST(options ->> '$.shards' AS BIGINT) AS shards, CAST(budget ->> '$.trials' AS DOUBLE) AS configs
    FROM runs
    WHERE study = 'table-build' AND options ->> '$.mode' = 'all' AND status IN ('finished', 'exhausted')
      AND run_id NOT IN (
          SELECT t.run_id FROM trials AS t JOIN runs AS r USING (run_id)
          WHERE r.study = 'table-build' AND t.status NOT IN ('OK', 'DIVERGED')
      )
), replicates AS (
    SELECT fingerprint, replicate, sum(configs) AS configs
    FROM builds GROUP BY fingerprint, replicate, shards HAVING count(*) = shards
), found AS (
    SELECT fingerprint, CAST(max(configs) AS BIGINT) AS configs, max(replicate) + 1 AS replicates,
           true AS whole_space
    FROM replicates GROUP BY fingerprint HAVING count(DISTINCT replicate) = max(replicate) + 1
    UNION ALL
    SELECT provenance ->> '$.table.fingerprint', CAST(provenance ->> '$.table.configs' AS BIGINT),
           CAST(provenance ->> '$.table.replicates' AS INTEGER),
           CAST(provenance ->> '$.table.whole_space' AS BOOLEAN)
    FROM provenances WHERE (provenance -> '$.table') IS NOT NULL
)
FROM found QUALIFY row_number() OVER (
    PARTITION BY fingerprint ORDER BY whole_space DESC, replicates DESC, configs DESC
) = 1;

-- The objective's loss at the maximal fidelity, the mean over a table's replicates, of which one that diverged
-- counts with the worst loss; and the lowest and highest final density of a replicate.
CREATE VIEW table_losses AS
WITH objectives AS (
    SELECT t.*, CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
           CAST(k.declaration ->> '$.folds' AS INTEGER) AS folds,
           k.declaration ->> '$.objective.metric' AS metric,
           k.declaration ->> '$.objective.goal' = 'maximize' AS maximized,
           CAST(k.declaration ->> '$.objective.worst' AS DOUBLE) AS worst
    FROM tabled_tasks AS t JOIN tasks AS k USING (fingerprint)
), recorded AS (
    SELECT fingerprint, config_key, count(DISTINCT replicate) AS replicates
    FROM trainings WHERE phase = 'search' AND fingerprint IN (SELECT fingerprint FROM tabled_tasks)
    GROUP BY ALL
), finals AS (
    SELECT g.fingerprint, g.config_key, g.replicate, avg(g.density ORDER BY g.fold) AS density,
           avg(coalesce(g.metrics[o.metric], CASE o.metric
               WHEN 'val_loss' THEN g.val_loss
               WHEN 'val_accuracy' THEN g.val_accuracy
               WHEN 'train_loss' THEN g.train_loss
               WHEN 'density' THEN g.density
               WHEN 'seconds' THEN g.seconds
           END) ORDER BY g.fold) AS value
    FROM trainings AS g JOIN objectives AS o USING (fingerprint)
    WHERE g.phase = 'search' AND g.status = 'OK' AND g.step = o.full_size AND g.replicate < o.replicates
    GROUP BY ALL HAVING count(*) = any_value(o.folds)
), losses AS (
    SELECT f.*, CASE
               WHEN isfinite(f.value) THEN least(CASE WHEN o.maximized THEN 1 - f.value ELSE f.value END, o.worst)
               ELSE o.worst
           END AS loss
    FROM finals AS f JOIN objectives AS o USING (fingerprint)
)
SELECT l.fingerprint, l.config_key,
       (sum(l.loss ORDER BY l.replicate) + (any_value(o.replicates) - count(*)) * any_value(o.worst))
           / any_value(o.replicates) AS loss,
       min(l.density) AS density_low, max(l.density) AS density_high
FROM losses AS l JOIN objectives AS o USING (fingerprint)
JOIN recorded AS r ON r.fingerprint = l.fingerprint AND r.config_key = l.config_key
WHERE o.whole_space OR r.replicates >= o.replicates
GROUP BY l.fingerprint, l.config_key;
"""

# predicted: the outcome is a surrogate's guess, not a training; NULL where the store is older than surrogates.
_PREDICTED = """
DROP VIEW visible_runs;
DROP VIEW visible_trials;
ALTER TABLE trials ADD COLUMN predicted BOOLEAN;
"""

# A NULL argument is no limit. evaluations: full evaluations by task name, a map; seconds: on the clock of the run;
# density: of the whole network at the end, the mean over folds, with 1 % of slack since masks keep whole weights.
# Arguments are put into these texts as they are, so inner names begin with _ lest they hide a caller's own.
#
# Trials told within a budget: of evaluations, those asked before it was spent; of seconds, those told by then. Only
# runs that spent more than their budget need the running sum.
_MACROS = """
CREATE MACRO counted_trials(
    run_ids := CAST(NULL AS VARCHAR[]),
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)),
    seconds := CAST(NULL AS DOUBLE)
) AS TABLE
WITH chosen AS (
    SELECT _r.run_id, _r.fingerprint, _k.name AS task,
           CAST(_k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
           evaluations[_k.name] * full_size AS cap
    FROM visible_runs AS _r JOIN tasks AS _k USING (fingerprint)
    WHERE run_ids IS NULL OR _r.run_id IN (SELECT unnest(run_ids))
), over AS (
    SELECT _t.run_id FROM trials AS _t JOIN chosen AS _c USING (run_id)
    WHERE _c.cap IS NOT NULL GROUP BY _t.run_id, _c.cap HAVING sum(_t.units) > _c.cap + 1e-6
), late AS (
    SELECT _t.run_id, _t.number FROM trials AS _t JOIN chosen AS _c USING (run_id)
    WHERE _t.run_id IN (FROM over)
    QUALIFY sum(coalesce(_t.units, CASE _t.kind WHEN 'search' THEN 1 ELSE _t.fidelity - _t.resumes_at END)) OVER (
        PARTITION BY _t.run_id ORDER BY _t.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) >= _c.cap - 1e-6
)
SELECT _t.*, _c.fingerprint, _c.task, _c.full_size
FROM trials AS _t JOIN chosen AS _c USING (run_id) ANTI JOIN late USING (run_id, number)
WHERE _t.status IS NOT NULL AND (seconds IS NULL OR _t.told_at <= seconds);

-- Those of them that trained a config to the maximal fidelity, to a density in a band.
CREATE MACRO final_trials(
    run_ids := CAST(NULL AS VARCHAR[]),
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)),
    seconds := CAST(NULL AS DOUBLE),
    density_low := CAST(NULL AS DOUBLE),
    density_high := CAST(NULL AS DOUBLE)
) AS TABLE
WITH in_band AS (
    SELECT _g.fingerprint, _g.config_key, _g.replicate
    FROM trainings AS _g JOIN tasks AS _k USING (fingerprint)
    WHERE (density_low IS NOT NULL OR density_high IS NOT NULL) AND _g.phase = 'search'
      AND _g.step = CAST(_k.declaration ->> '$.fidelity.max' AS INTEGER)
    GROUP BY ALL
    HAVING (density_low IS NULL OR avg(_g.density) >= 0.99 * density_low)
       AND (density_high IS NULL OR avg(_g.density) <= 1.01 * density_high)
)
SELECT * FROM counted_trials(run_ids := run_ids, evaluations := evaluations, seconds := seconds) AS _t
WHERE _t.kind = 'trial' AND _t.status = 'OK' AND _t.fidelity = _t.full_size AND isfinite(_t.loss)
  AND (density_low IS NULL AND density_high IS NULL
       OR (_t.fingerprint, _t.config_key, _t.replicate) IN (FROM in_band));

-- The best of those of each run, of equally good ones the first, found in one pass: a window would sort all trials.
CREATE MACRO final_incumbents(
    run_ids := CAST(NULL AS VARCHAR[]),
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)),
    seconds := CAST(NULL AS DOUBLE),
    density_low := CAST(NULL AS DOUBLE),
    density_high := CAST(NULL AS DOUBLE)
) AS TABLE
WITH best AS (
    SELECT run_id, any_value(fingerprint) AS fingerprint, any_value(task) AS task,
           any_value(full_size) AS full_size, min({'loss': loss, 'number': number}).number AS number
    FROM final_trials(
        run_ids := run_ids, evaluations := evaluations, seconds := seconds,
        density_low := density_low, density_high := density_high
    )
    GROUP BY run_id
)
SELECT _t.*, _b.fingerprint, _b.task, _b.full_size FROM best AS _b JOIN trials AS _t USING (run_id, number);

-- The objective's loss at every point of every learning curve of the runs' tasks. Of several tasks of one name the
-- name alone would not tell which, so there it is followed by the fingerprint's beginning.
CREATE MACRO objective_curves(run_ids := CAST(NULL AS VARCHAR[])) AS TABLE
WITH objectives AS (
    SELECT fingerprint,
           CASE WHEN count(*) OVER (PARTITION BY name) > 1
               THEN name || ' ' || left(fingerprint, 6) ELSE name
           END AS task,
           CAST(declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
           declaration ->> '$.objective.metric' AS metric,
           declaration ->> '$.objective.goal' = 'maximize' AS maximized
    FROM tasks WHERE fingerprint IN (
        SELECT _r.fingerprint FROM visible_runs AS _r
        WHERE run_ids IS NULL OR _r.run_id IN (SELECT unnest(run_ids))
    )
), curves AS (
    SELECT _o.*, _g.config_key, _g.replicate, _g.fold, _g.step,
           coalesce(_g.metrics[_o.metric], CASE _o.metric
               WHEN 'val_loss' THEN _g.val_loss
               WHEN 'val_accuracy' THEN _g.val_accuracy
               WHEN 'train_loss' THEN _g.train_loss
               WHEN 'density' THEN _g.density
               WHEN 'seconds' THEN _g.seconds
           END) AS value
    FROM trainings AS _g JOIN objectives AS _o USING (fingerprint)
    WHERE _g.phase = 'search'
)
SELECT fingerprint, task, full_size, config_key, replicate, fold, step,
       CASE WHEN maximized THEN 1 - value ELSE value END AS loss
FROM curves;
"""

VIEWS = _VIEWS + _TABLE_VIEWS + _MACROS

# Means are taken in a fixed order, since sums of floating-point numbers depend on it.
_ORDERED = "DROP VIEW table_losses; DROP VIEW tabled_tasks;"

MIGRATIONS: list[str] = [
    _TABLES + _VIEWS,
    _PREDICTED + _VIEWS + _TABLE_VIEWS,
    _ORDERED + _TABLE_VIEWS + _MACROS,
]

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
