-- One row for each visible run, with what its trials sum up to.
-- Parameters: task names (twice), run ids, study, run ids, study; each may be NULL. Run ids and study add up.
SELECT
    r.run_id,
    k.name AS task,
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
    coalesce(t.units, 0) AS units,
    coalesce(t.seconds, 0.0) AS seconds
FROM visible_runs AS r
JOIN tasks AS k USING (fingerprint)
LEFT JOIN (
    SELECT
        run_id,
        count(*) AS trials,
        count(*) FILTER (status <> 'OK') AS bad_trials,
        sum(units) AS units,
        sum(seconds) AS seconds
    FROM trials
    WHERE status IS NOT NULL
    GROUP BY run_id
) AS t USING (run_id)
WHERE (CAST(? AS VARCHAR[]) IS NULL OR list_contains(CAST(? AS VARCHAR[]), k.name))
  AND (
      (CAST(? AS VARCHAR[]) IS NULL AND CAST(? AS VARCHAR) IS NULL)
      OR list_contains(CAST(? AS VARCHAR[]), r.run_id)
      OR r.study = CAST(? AS VARCHAR)
  )
ORDER BY r.run_id
