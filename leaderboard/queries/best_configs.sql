/* The config with the lowest loss of each task among the final incumbents of all runs, and the space it is of. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- NULL takes every visible run
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
best AS (
    SELECT r.run_id, r.fingerprint, k.name AS task, k.declaration, t.config_key, t.loss
    FROM visible_runs AS r
    JOIN tasks AS k USING (fingerprint)
    JOIN trials AS t USING (run_id)
    CROSS JOIN settings AS s
    WHERE t.kind = 'trial' AND t.status = 'OK'
      AND t.fidelity = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
      AND (s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings))
      AND (s.density_low IS NULL OR (r.fingerprint, t.config_key, t.replicate) IN (FROM in_band))
    QUALIFY row_number() OVER (PARTITION BY r.fingerprint ORDER BY t.loss, r.run_id, t.number) = 1
)
SELECT b.task, b.run_id, b.loss, b.declaration -> '$.space' AS space, c.config
FROM best AS b
JOIN configs AS c USING (fingerprint, config_key)
ORDER BY b.task, b.run_id
