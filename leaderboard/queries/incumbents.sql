/* When each run's incumbent at the maximal fidelity improved, in full evaluations and on the run's clock. Where the
   task has a table, its loss is the mean over the table's replicates, which may rise though the loss seen fell. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids,                  -- NULL takes every visible run
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
    SELECT r.run_id, r.fingerprint, s.density_low IS NULL AS any_density, CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size
    FROM visible_runs AS r
    JOIN tasks AS k USING (fingerprint)
    CROSS JOIN settings AS s
    WHERE s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
),
told AS (
    SELECT
        t.run_id,
        c.fingerprint,
        t.config_key,
        t.kind = 'trial' AND t.status = 'OK' AND t.fidelity = c.full_size AND isfinite(t.loss)
            AND (c.any_density OR (c.fingerprint, t.config_key, t.replicate) IN (FROM in_band)) AS counts,
        t.loss,
        row_number() OVER in_order AS place,
        sum(coalesce(t.units, 0)) OVER in_order / c.full_size AS evaluations,
        max(t.told_at) OVER in_order AS seconds
    FROM trials AS t
    JOIN chosen AS c USING (run_id)
    WHERE t.status IS NOT NULL
    WINDOW in_order AS (PARTITION BY t.run_id ORDER BY t.told_order, t.number ROWS UNBOUNDED PRECEDING)
),
improved AS (
    FROM told
    WHERE counts
    QUALIFY loss < coalesce(min(loss) OVER (
        PARTITION BY run_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 'infinity')
)
SELECT i.run_id, i.evaluations, i.seconds, coalesce(l.loss, i.loss) AS loss
FROM improved AS i
LEFT JOIN table_losses AS l USING (fingerprint, config_key)
ORDER BY i.run_id, i.place
