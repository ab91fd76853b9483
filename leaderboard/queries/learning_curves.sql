/* Learning curve of each run's final incumbent, means over folds. */
WITH best AS (FROM final_incumbents(
    run_ids := CAST(NULL AS VARCHAR[]),                -- NULL takes every visible run
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)), -- budget by task name; NULL takes whole runs
    seconds := CAST(NULL AS DOUBLE),                   -- budget on the clock of the run
    density_low := CAST(NULL AS DOUBLE),               -- band of the final density, with 1 % of slack
    density_high := CAST(NULL AS DOUBLE)               -- since masks keep whole weights; NULL: any
))
SELECT b.run_id, k.declaration ->> '$.fidelity.unit' AS unit, g.step, avg(g.val_accuracy ORDER BY g.fold) AS val_accuracy
FROM best AS b
JOIN trainings AS g USING (fingerprint, config_key, replicate)
JOIN tasks AS k USING (fingerprint)
WHERE g.phase = 'search' AND isfinite(g.val_accuracy)
GROUP BY ALL
ORDER BY b.run_id, g.step
