/* The named choices (operators, activations, optimizers, ...) in the final incumbent of each run. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- NULL takes every visible run
        CAST(NULL AS MAP(VARCHAR, DOUBLE)) AS evaluations,   -- budget by task name; NULL takes whole runs
        CAST(NULL AS DOUBLE) AS seconds,                     -- budget on the clock of the run
        CAST(NULL AS DOUBLE) AS density_low,                 -- band of the final density, with 1 % of slack
        CAST(NULL AS DOUBLE) AS density_high                 -- since masks keep whole weights; NULL: any
),
in_band AS ( -- trainings to the maximal fidelity whose final density, the mean over folds, lies in the band
    SELECT g.fingerprint, g.config_key, g.replicate
    FROM trainings AS g
    JOIN tasks AS k USING (fingerprint)
    WHERE (SELECT density_low FROM settings) IS NOT NULL
      AND g.phase = 'search' AND g.step = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
    GROUP BY g.fingerprint, g.config_key, g.replicate
    HAVING avg(g.density) BETWEEN (SELECT 0.99 * density_low FROM settings)
                              AND (SELECT 1.01 * density_high FROM settings)
),
chosen AS (
    SELECT
        r.run_id,
        r.fingerprint,
        k.name AS task,
        s.density_low IS NULL AS any_density,
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
best AS ( -- the final incumbent of each run within its budget
    SELECT c.run_id, c.fingerprint, c.task, t.config_key
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    ANTI JOIN late AS l ON l.run_id = t.run_id AND l.number = t.number
    WHERE t.kind = 'trial' AND t.status = 'OK' AND t.fidelity = c.full_size AND isfinite(t.loss)
      AND (c.deadline IS NULL OR t.told_at <= c.deadline)
      AND (c.any_density OR (c.fingerprint, t.config_key, t.replicate) IN (FROM in_band))
    QUALIFY row_number() OVER (PARTITION BY t.run_id ORDER BY t.loss, t.number) = 1
)
SELECT b.task, j.key AS field, j.value ->> '$' AS choice, count(*) AS incumbents
FROM best AS b
JOIN configs AS c USING (fingerprint, config_key)
CROSS JOIN json_each(c.config) AS j
WHERE json_type(j.value) = 'VARCHAR'
GROUP BY ALL
ORDER BY ALL
