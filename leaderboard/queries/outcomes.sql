/* How many trials of each optimizer ended in which way. */
WITH settings AS (
    SELECT CAST(NULL AS VARCHAR[]) AS run_ids -- NULL takes every visible run
)
SELECT r.optimizer, coalesce(t.status, 'unfinished') AS status, count(*) AS trials
FROM visible_runs AS r
JOIN trials AS t USING (run_id)
CROSS JOIN settings AS s
WHERE s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
GROUP BY ALL
ORDER BY ALL
