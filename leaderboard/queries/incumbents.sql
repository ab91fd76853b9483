-- The lowest loss at the maximal fidelity of each run, among the trials asked before `cap` units were spent.
-- Only runs that spent more than that need the running sum. Parameters: run ids, maximal fidelities, caps, and
-- whether each run is to be cut.
WITH chosen AS (
    SELECT
        unnest(CAST(? AS VARCHAR[])) AS run_id,
        unnest(CAST(? AS INTEGER[])) AS full_size,
        unnest(CAST(? AS DOUBLE[])) AS cap,
        unnest(CAST(? AS BOOLEAN[])) AS cut
),
whole AS (
    SELECT t.run_id, t.loss
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE NOT c.cut AND t.kind = 'trial' AND t.status = 'OK' AND t.fidelity = c.full_size
),
running AS (
    SELECT
        t.run_id, t.loss, t.kind, t.status, t.fidelity, c.full_size, c.cap,
        sum(coalesce(t.units, CASE t.kind WHEN 'search' THEN 1 ELSE t.fidelity - t.resumes_at END)) OVER (
            PARTITION BY t.run_id ORDER BY t.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS spent_before
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE c.cut
),
cut AS (
    SELECT run_id, loss
    FROM running
    WHERE kind = 'trial' AND status = 'OK' AND fidelity = full_size AND coalesce(spent_before, 0) < cap - 1e-6
)
SELECT run_id, min(loss) AS loss
FROM (FROM whole UNION ALL FROM cut)
GROUP BY run_id
ORDER BY run_id
