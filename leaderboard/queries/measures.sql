/* What was measured of fully trained configs after each unit of fidelity, beside their final loss; means over
   replicates and folds. A measure is any name in the metrics of a learning curve, such as egf_2. */
WITH settings AS (
    SELECT CAST(300 AS BIGINT) AS configs -- of each task at most, the first by key, which is a hash
),
finals AS (
    SELECT fingerprint, task, full_size, config_key, avg(loss ORDER BY replicate, fold) AS final_loss
    FROM objective_curves(
        run_ids := CAST(NULL AS VARCHAR[]) -- the tasks of these runs; NULL takes every visible run
    )
    WHERE step = full_size
    GROUP BY fingerprint, task, full_size, config_key
    QUALIFY row_number() OVER (PARTITION BY fingerprint ORDER BY config_key) <= (SELECT configs FROM settings)
),
measured AS (
    SELECT fingerprint, config_key, step, entry.key AS measure, avg(entry.value ORDER BY replicate, fold) AS value
    FROM (
        SELECT fingerprint, config_key, replicate, fold, step, unnest(map_entries(metrics)) AS entry
        FROM trainings
        WHERE phase = 'search' AND cardinality(metrics) > 0
    )
    GROUP BY ALL
)
SELECT f.task, m.measure, f.config_key, m.step, f.full_size, m.value, f.final_loss
FROM measured AS m
JOIN finals AS f USING (fingerprint, config_key)
WHERE isfinite(m.value) AND isfinite(f.final_loss)
ORDER BY f.task, m.measure, f.config_key, m.step
