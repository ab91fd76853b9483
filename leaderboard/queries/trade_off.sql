/* Density and accuracy of every config that the runs trained to the maximal fidelity, means over folds. */
WITH settings AS (
    SELECT CAST(NULL AS VARCHAR[]) AS run_ids -- NULL takes every visible run
),
finals AS (
    SELECT g.fingerprint, g.config_key, g.replicate, avg(g.density) AS density, avg(g.val_accuracy) AS val_accuracy
    FROM trainings AS g
    JOIN tasks AS k USING (fingerprint)
    WHERE g.phase = 'search' AND g.status = 'OK' AND g.step = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
    GROUP BY g.fingerprint, g.config_key, g.replicate
)
SELECT DISTINCT r.run_id, f.density, f.val_accuracy
FROM visible_runs AS r
JOIN tasks AS k USING (fingerprint)
JOIN trials AS t USING (run_id)
JOIN finals AS f ON f.fingerprint = r.fingerprint AND f.config_key = t.config_key AND f.replicate = t.replicate
CROSS JOIN settings AS s
WHERE t.kind = 'trial' AND t.status = 'OK' AND t.fidelity = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
  AND isfinite(f.density) AND isfinite(f.val_accuracy)
  AND (s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings))
ORDER BY ALL
