/* Density and accuracy of every config that the runs trained to the maximal fidelity, means over folds. */
WITH counting AS (FROM final_trials(
    run_ids := CAST(NULL AS VARCHAR[]),                -- NULL takes every visible run
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)), -- budget by task name; NULL takes whole runs
    seconds := CAST(NULL AS DOUBLE)                    -- budget on the clock of the run
)),
finals AS (
    SELECT g.fingerprint, g.config_key, g.replicate,
           avg(g.density ORDER BY g.fold) AS density, avg(g.val_accuracy ORDER BY g.fold) AS val_accuracy
    FROM trainings AS g
    JOIN tasks AS k USING (fingerprint)
    WHERE g.phase = 'search' AND g.status = 'OK' AND g.step = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
    GROUP BY g.fingerprint, g.config_key, g.replicate
)
SELECT DISTINCT t.run_id, f.density, f.val_accuracy
FROM counting AS t
JOIN finals AS f USING (fingerprint, config_key, replicate)
WHERE isfinite(f.density) AND isfinite(f.val_accuracy)
ORDER BY ALL
