/* The lowest loss of each task that has a table, a mean over the table's replicates at the maximal fidelity; exact
   where every config of the space was trained, else the best that the table holds. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- the tasks of these runs; NULL takes every visible run
        CAST(NULL AS DOUBLE) AS density_low,                 -- band of the final density, with 1 % of slack
        CAST(NULL AS DOUBLE) AS density_high                 -- since masks keep whole weights; NULL: any
),
chosen AS (
    SELECT DISTINCT r.fingerprint
    FROM visible_runs AS r
    CROSS JOIN settings AS s
    WHERE s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
)
SELECT k.name AS task, t.whole_space AS exact, t.configs, t.replicates, min(l.loss) AS loss
FROM chosen
JOIN tabled_tasks AS t USING (fingerprint)
JOIN tasks AS k USING (fingerprint)
JOIN table_losses AS l USING (fingerprint)
CROSS JOIN settings AS s
WHERE s.density_low IS NULL
   OR (l.density_low >= 0.99 * s.density_low AND l.density_high <= 1.01 * s.density_high)
GROUP BY ALL
ORDER BY ALL
