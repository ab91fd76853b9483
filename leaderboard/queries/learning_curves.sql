/* Learning curve of each run's final incumbent, means over folds. */
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
    SELECT r.run_id, r.fingerprint, t.config_key, t.replicate
    FROM visible_runs AS r
    JOIN tasks AS k USING (fingerprint)
    JOIN trials AS t USING (run_id)
    CROSS JOIN settings AS s
    WHERE t.kind = 'trial' AND t.status = 'OK'
      AND t.fidelity = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
      AND (s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings))
      AND (s.density_low IS NULL OR (r.fingerprint, t.config_key, t.replicate) IN (FROM in_band))
    QUALIFY row_number() OVER (PARTITION BY r.run_id ORDER BY t.loss, t.number) = 1
)
SELECT b.run_id, g.step, avg(g.val_accuracy) AS val_accuracy
FROM best AS b
JOIN trainings AS g USING (fingerprint, config_key, replicate)
WHERE g.phase = 'search' AND isfinite(g.val_accuracy)
GROUP BY b.run_id, g.step
ORDER BY b.run_id, g.step
