/* The lowest loss at the maximal fidelity of each run, among the trials that count; where the task has a table,
   the mean over the table's replicates of the config that has it.
   Within a budget of full evaluations count the trials asked before it was spent; only runs that spent more need
   the running sum. Within a budget of seconds count the trials told by then. Within a band of densities count the
   trainings whose final density lies in it; the others spend their share of the budget all the same. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- NULL takes every visible run
        CAST(NULL AS MAP(VARCHAR, DOUBLE)) AS evaluations,   -- budget by task name; NULL takes whole runs
        CAST(NULL AS DOUBLE) AS seconds,                     -- budget on the clock of the run
        CAST(NULL AS DOUBLE) AS density_low,                 -- band of the final density, with 1 % of slack
        CAST(NULL AS DOUBLE) AS density_high                 -- since masks keep whole weights; NULL: any
),
in_band AS ( -- trainings to the maximal fidelity whose final density, the mean over folds, lies in the band
    SELECT g.fingerprint, g.config_key, g.replicate
    FROM trainings AS g
    JOIN tasks AS k USING (fingerprint)
    WHERE (SELECT density_low FROM settings) IS NOT NULL
      AND g.phase = 'search' AND g.step = CAST(k.declaration ->> '$.fidelity.max' AS INTEGER)
    GROUP BY g.fingerprint, g.config_key, g.replicate
    HAVING avg(g.density) BETWEEN (SELECT 0.99 * density_low FROM settings)
                              AND (SELECT 1.01 * density_high FROM settings)
),
chosen AS (
    SELECT
        r.run_id,
        r.fingerprint,
        s.density_low IS NULL AS any_density,
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
    SELECT t.run_id, t.loss, t.number
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE t.run_id NOT IN (FROM over)
      AND t.kind = 'trial' AND t.status = 'OK' AND t.fidelity = c.full_size AND isfinite(t.loss)
      AND (c.deadline IS NULL OR t.told_at <= c.deadline)
      AND (c.any_density OR (c.fingerprint, t.config_key, t.replicate) IN (FROM in_band))
),
running AS (
    SELECT
        t.run_id, t.loss, t.number, t.kind, t.status, t.fidelity, c.full_size, c.cap,
        c.any_density OR (c.fingerprint, t.config_key, t.replicate) IN (FROM in_band) AS right_density,
        sum(coalesce(t.units, CASE t.kind WHEN 'search' THEN 1 ELSE t.fidelity - t.resumes_at END)) OVER (
            PARTITION BY t.run_id ORDER BY t.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS spent_before
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE t.run_id IN (FROM over)
),
cut AS (
    SELECT run_id, loss, number
    FROM running
    WHERE kind = 'trial' AND status = 'OK' AND fidelity = full_size AND isfinite(loss)
      AND coalesce(spent_before, 0) < cap - 1e-6 AND right_density
),
counting AS (
    FROM whole UNION ALL FROM cut
),
best AS (
    SELECT run_id, min(loss) AS loss FROM counting GROUP BY run_id
),
tabled AS (
    SELECT run_id, fingerprint
    FROM chosen
    WHERE fingerprint IN (SELECT fingerprint FROM tabled_tasks)
),
incumbents AS ( -- of equally good trials the first counts
    SELECT c.run_id, min(c.number) AS number
    FROM counting AS c
    JOIN best AS b ON b.run_id = c.run_id AND b.loss = c.loss
    WHERE c.run_id IN (SELECT run_id FROM tabled)
    GROUP BY c.run_id
),
scored AS (
    SELECT i.run_id, l.loss
    FROM incumbents AS i
    JOIN tabled AS k USING (run_id)
    JOIN trials AS t ON t.run_id = i.run_id AND t.number = i.number
    JOIN table_losses AS l ON l.fingerprint = k.fingerprint AND l.config_key = t.config_key
)
SELECT b.run_id, coalesce(s.loss, b.loss) AS loss
FROM best AS b
LEFT JOIN scored AS s USING (run_id)
ORDER BY b.run_id
