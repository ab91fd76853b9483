/* Effective gradient flow of each run's final incumbent while it was trained, means over folds. A measure of it is a
   name such as egf_2, or egf_2[8] for 8 batches. */
WITH best AS (FROM final_incumbents(
    run_ids := CAST(NULL AS VARCHAR[]),                -- NULL takes every visible run
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)), -- budget by task name; NULL takes whole runs
    seconds := CAST(NULL AS DOUBLE),                   -- budget on the clock of the run
    density_low := CAST(NULL AS DOUBLE),               -- band of the final density, with 1 % of slack
    density_high := CAST(NULL AS DOUBLE)               -- since masks keep whole weights; NULL: any
)),
measured AS (
    SELECT fingerprint, config_key, replicate, fold, step, unnest(map_entries(metrics)) AS entry
    FROM trainings
    WHERE phase = 'search' AND cardinality(metrics) > 0
)
SELECT b.run_id, k.declaration ->> '$.fidelity.unit' AS unit, g.entry.key AS measure, g.step, avg(g.entry.value ORDER BY g.fold) AS flow
FROM best AS b
JOIN measured AS g USING (fingerprint, config_key, replicate)
JOIN tasks AS k USING (fingerprint)
WHERE starts_with(g.entry.key, 'egf_') AND isfinite(g.entry.value)
GROUP BY ALL
ORDER BY ALL
