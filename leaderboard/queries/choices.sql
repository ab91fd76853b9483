/* The named choices (operators, activations, optimizers, ...) in the final incumbent of each run. */
WITH best AS (FROM final_incumbents(
    run_ids := CAST(NULL AS VARCHAR[]),                -- NULL takes every visible run
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)), -- budget by task name; NULL takes whole runs
    seconds := CAST(NULL AS DOUBLE),                   -- budget on the clock of the run
    density_low := CAST(NULL AS DOUBLE),               -- band of the final density, with 1 % of slack
    density_high := CAST(NULL AS DOUBLE)               -- since masks keep whole weights; NULL: any
))
SELECT b.task, j.key AS field, j.value ->> '$' AS choice, count(*) AS incumbents
FROM best AS b
JOIN configs AS c USING (fingerprint, config_key)
CROSS JOIN json_each(c.config) AS j
WHERE json_type(j.value) = 'VARCHAR'
GROUP BY ALL
ORDER BY ALL
