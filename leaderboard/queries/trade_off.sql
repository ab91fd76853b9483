/* Density and accuracy of every config that the runs trained to the maximal fidelity, means over folds. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- NULL takes every visible run
        CAST(NULL AS MAP(VARCHAR, DOUBLE)) AS evaluations,   -- budget by task name; NULL takes whole runs
        CAST(NULL AS DOUBLE) AS seconds                      -- budget on the clock of the run
),
chosen AS (
    SELECT
        r.run_id,
        r.fingerprint,
        CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
        s.evaluations[k.name] * full_size AS cap,
        s.seconds AS deadline
    FROM visible_runs AS r
    JOIN tasks AS k USING (fingerprint)
    CROSS JOIN settings AS s
    WHERE s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
),
over AS (
    SELECT t.run_id
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE c.cap IS NOT NULL
    GROUP BY t.run_id, c.cap
    HAVING sum(t.units) > c.cap + 1e-6
),
late AS ( -- trials asked when the budget of evaluations was spent
    SELECT t.run_id, t.number
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE t.run_id IN (FROM over)
    QUALIFY sum(coalesce(t.units, CASE t.kind WHEN 'search' THEN 1 ELSE t.fidelity - t.resumes_at END)) OVER (
        PARTITION BY t.run_id ORDER BY t.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) >= c.cap - 1e-6
),
finals AS (
    SELECT g.fingerprint, g.config_key, g.replicate, avg(g.density) AS density, avg(g.val_accuracy) AS val_accuracy
    FROM trainings AS g
    JOIN tasks AS k USING (fingerprint)
    WHERE g.phase = 'search' AND g.status = 'OK' AND g.step = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
    GROUP BY g.fingerprint, g.config_key, g.replicate
)
SELECT DISTINCT c.run_id, f.density, f.val_accuracy
FROM trials AS t
JOIN chosen AS c USING (run_id)
JOIN finals AS f ON f.fingerprint = c.fingerprint AND f.config_key = t.config_key AND f.replicate = t.replicate
ANTI JOIN late AS l ON l.run_id = t.run_id AND l.number = t.number
WHERE t.kind = 'trial' AND t.status = 'OK' AND t.fidelity = c.full_size
  AND (c.deadline IS NULL OR t.told_at <= c.deadline)
  AND isfinite(f.density) AND isfinite(f.val_accuracy)
ORDER BY ALL
