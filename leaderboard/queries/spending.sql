/* What runs had spent on the trials that count within a budget: of full evaluations, those asked before it was spent;
   of seconds, those told by then. Ask it of runs that went on beyond; of others the query `runs` says the same. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- NULL takes every visible run
        CAST(NULL AS MAP(VARCHAR, DOUBLE)) AS evaluations,   -- budget by task name; NULL takes whole runs
        CAST(NULL AS DOUBLE) AS seconds                      -- budget on the clock of the run
),
chosen AS (
    SELECT
        r.run_id,
        CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
        s.evaluations[k.name] * full_size AS cap,
        s.seconds AS deadline
    FROM visible_runs AS r
    JOIN tasks AS k USING (fingerprint)
    CROSS JOIN settings AS s
    WHERE s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
),
asked AS (
    SELECT
        t.*, c.full_size, c.cap, c.deadline,
        coalesce(sum(coalesce(t.units, CASE t.kind WHEN 'search' THEN 1 ELSE t.fidelity - t.resumes_at END)) OVER (
            PARTITION BY t.run_id ORDER BY t.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS spent_before
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
),
within AS (
    FROM asked
    WHERE status IS NOT NULL
      AND (cap IS NULL OR spent_before < cap - 1e-6)
      AND (deadline IS NULL OR told_at <= deadline)
)
SELECT
    c.run_id,
    count(w.number) AS trials,
    count(w.number) FILTER (w.status <> 'OK') AS bad_trials,
    count(w.number) FILTER (w.predicted) AS predicted_trials,
    coalesce(sum(w.units), 0) / any_value(c.full_size) AS full_evaluations,
    coalesce(sum(w.seconds), 0.0) AS evaluation_seconds
FROM chosen AS c
LEFT JOIN within AS w USING (run_id)
GROUP BY c.run_id
ORDER BY c.run_id
