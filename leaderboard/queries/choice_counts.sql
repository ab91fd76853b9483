/* How often each named choice (operator, activation, optimizer, ...) was tried, over all trials of some runs. */
WITH settings AS (
    SELECT CAST(NULL AS VARCHAR[]) AS run_ids                -- NULL takes every visible run
)
SELECT k.name AS task, j.key AS field, j.value ->> '$' AS choice, count(*) AS trials
FROM visible_runs AS r
JOIN tasks AS k USING (fingerprint)
JOIN trials AS t USING (run_id)
JOIN configs AS c ON c.fingerprint = r.fingerprint AND c.config_key = t.config_key
CROSS JOIN json_each(c.config) AS j
CROSS JOIN settings AS s
WHERE t.kind = 'trial' AND json_type(j.value) = 'VARCHAR'
  AND (s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings))
GROUP BY ALL
ORDER BY ALL
