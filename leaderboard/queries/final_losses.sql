/* The lowest loss at the maximal fidelity of each run, among the trials that count.
   Within a budget of full evaluations count the trials asked before it was spent; only runs that spent more need
   the running sum. Within a budget of seconds count the trials told by then. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- NULL takes every visible run
        CAST(NULL AS MAP(VARCHAR, DOUBLE)) AS evaluations,   -- budget by task name; NULL takes whole runs
        CAST(NULL AS DOUBLE) AS seconds                      -- budget on the clock of the run
),
chosen AS (
    SELECT
        r.run_id,
        CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
        s.evaluations[k.name] * full_size AS cap,
        s.seconds AS deadline
    FROM visible_runs AS r
    JOIN tasks AS k USING (fingerprint)
    CROSS JOIN settings AS s
    WHERE s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
),
over AS (
    SELECT t.run_id
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE c.cap IS NOT NULL
    GROUP BY t.run_id, c.cap
    HAVING sum(t.units) > c.cap + 1e-6
),
whole AS (
    SELECT t.run_id, t.loss
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE t.run_id NOT IN (FROM over)
      AND t.kind = 'trial' AND t.status = 'OK' AND t.fidelity = c.full_size AND isfinite(t.loss)
      AND (c.deadline IS NULL OR t.told_at <= c.deadline)
),
running AS (
    SELECT
        t.run_id, t.loss, t.kind, t.status, t.fidelity, c.full_size, c.cap,
        sum(coalesce(t.units, CASE t.kind WHEN 'search' THEN 1 ELSE t.fidelity - t.resumes_at END)) OVER (
            PARTITION BY t.run_id ORDER BY t.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS spent_before
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE t.run_id IN (FROM over)
),
cut AS (
    SELECT run_id, loss
    FROM running
    WHERE kind = 'trial' AND status = 'OK' AND fidelity = full_size AND isfinite(loss)
      AND coalesce(spent_before, 0) < cap - 1e-6
)
SELECT run_id, min(loss) AS loss
FROM (FROM whole UNION ALL FROM cut)
GROUP BY run_id
ORDER BY run_id
