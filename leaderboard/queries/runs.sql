/* One row for each visible run, with what its trials sum up to. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS tasks,   -- names; NULL takes all
        CAST(NULL AS VARCHAR[]) AS run_ids, -- taken beside those of the study; both NULL take all
        CAST(NULL AS VARCHAR) AS study,
        CAST(NULL AS VARCHAR) AS space,     -- a type of search space, such as 'LayerDensity'
        CAST(NULL AS VARCHAR) AS family
),
spending AS (
    SELECT
        run_id,
        count(*) AS trials,
        count(*) FILTER (status <> 'OK') AS bad_trials,
        count(*) FILTER (predicted) AS predicted_trials,
        count(*) FILTER (kind = 'search') AS search_steps,
        sum(units) AS units,
        fsum(seconds) AS seconds,
        max(told_at) AS clock
    FROM trials
    WHERE status IS NOT NULL
    GROUP BY run_id
)
SELECT
    r.run_id,
    k.name AS task,
    k.family,
    k.declaration ->> '$.space.type' AS space,
    r.fingerprint,
    CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
    CAST(k.declaration ->> '$.objective.worst' AS DOUBLE) AS worst,
    r.optimizer,
    CAST(r.options AS VARCHAR) AS options,
    r.source_hash AS source,
    r.seed,
    r.replicate,
    r.workers,
    r.executor,
    r.status,
    r.started,
    CAST(r.spent ->> '$.optimizer_seconds' AS DOUBLE) AS optimizer_seconds,
    coalesce(t.trials, 0) AS trials,
    coalesce(t.bad_trials, 0) AS bad_trials,
    coalesce(t.predicted_trials, 0) AS predicted_trials,
    coalesce(t.search_steps, 0) AS search_steps,
    coalesce(t.units, 0) AS units,
    coalesce(t.seconds, 0.0) AS seconds,
    coalesce(t.clock, 0.0) AS clock
FROM visible_runs AS r
JOIN tasks AS k USING (fingerprint)
CROSS JOIN settings AS s
LEFT JOIN spending AS t USING (run_id)
WHERE (s.tasks IS NULL OR list_contains(s.tasks, k.name))
  AND (s.family IS NULL OR k.family = s.family)
  AND (s.space IS NULL OR k.declaration ->> '$.space.type' = s.space)
  AND (
      (s.run_ids IS NULL AND s.study IS NULL)
      OR r.study = s.study
      OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
  )
ORDER BY r.run_id
