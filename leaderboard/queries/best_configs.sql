/* The config with the lowest loss of each task among the final incumbents of all runs, and the space it is of; where
   the task has a table, losses are means over the table's replicates. */
WITH best AS (FROM final_incumbents(
    run_ids := CAST(NULL AS VARCHAR[]),                -- NULL takes every visible run
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)), -- budget by task name; NULL takes whole runs
    seconds := CAST(NULL AS DOUBLE),                   -- budget on the clock of the run
    density_low := CAST(NULL AS DOUBLE),               -- band of the final density, with 1 % of slack
    density_high := CAST(NULL AS DOUBLE)               -- since masks keep whole weights; NULL: any
)),
scored AS (
    SELECT b.run_id, b.fingerprint, b.task, b.config_key, coalesce(l.loss, b.loss) AS loss
    FROM best AS b
    LEFT JOIN table_losses AS l USING (fingerprint, config_key)
    QUALIFY row_number() OVER (PARTITION BY b.fingerprint ORDER BY coalesce(l.loss, b.loss), b.run_id) = 1
)
SELECT s.task, s.run_id, s.loss, k.declaration -> '$.space' AS space, c.config
FROM scored AS s
JOIN tasks AS k USING (fingerprint)
JOIN configs AS c USING (fingerprint, config_key)
ORDER BY s.task, s.run_id
