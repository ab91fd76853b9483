/* Effective gradient flow of each run's final incumbent while it was trained, means over folds. A measure of it is a
   name such as egf_2, or egf_2[8] for 8 batches. */
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
SELECT b.run_id, g.measure, g.step, avg(g.value) AS flow
FROM best AS b
JOIN (
    SELECT fingerprint, config_key, replicate, fold, step, entry.key AS measure, entry.value AS value
    FROM (
        SELECT fingerprint, config_key, replicate, fold, step, unnest(map_entries(metrics)) AS entry
        FROM trainings
        WHERE phase = 'search' AND cardinality(metrics) > 0
    )
    WHERE starts_with(entry.key, 'egf_')
) AS g USING (fingerprint, config_key, replicate)
WHERE isfinite(g.value)
GROUP BY b.run_id, g.measure, g.step
ORDER BY b.run_id, g.measure, g.step
