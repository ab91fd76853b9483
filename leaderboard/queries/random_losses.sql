/* The losses at the maximal fidelity of the trials of one optimizer that needs no history, such as random search: as
   many independent draws of a config. `seen` is the loss that the trial was told with. Where the task has a table, `loss`
   is the mean over the table's replicates. A trial that ended badly has the objective's worst loss. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,        -- NULL takes every visible run
        CAST('random' AS VARCHAR) AS optimizer
)
SELECT k.name AS task, t.run_id, t.number, t.loss AS seen, coalesce(l.loss, t.loss) AS loss
FROM visible_runs AS r
JOIN tasks AS k USING (fingerprint)
CROSS JOIN settings AS s
JOIN trials AS t ON t.run_id = r.run_id
LEFT JOIN table_losses AS l ON l.fingerprint = r.fingerprint AND l.config_key = t.config_key AND t.status = 'OK'
WHERE r.optimizer = s.optimizer
  AND (s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings))
  AND t.kind = 'trial' AND t.status IS NOT NULL
  AND t.fidelity = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AND isfinite(t.loss)
ORDER BY k.name, t.run_id, t.number
