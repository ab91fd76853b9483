/* What was measured of fully trained configs after each unit of fidelity, beside their final loss; means over
   replicates and folds. A measure is any name in the metrics of a learning curve, such as egf_2. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR[]) AS run_ids, -- the tasks of these runs; NULL takes all tasks
        CAST(300 AS BIGINT) AS configs      -- of each task at most, the first by key, which is a hash
),
objectives AS (
    SELECT
        fingerprint, -- of several tasks of one name, the name alone would not tell which
        name || CASE WHEN count(*) OVER (PARTITION BY name) > 1 THEN ' ' || left(fingerprint, 6) ELSE '' END AS task,
        CAST(declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
        declaration ->> '$.objective.metric' AS metric,
        declaration ->> '$.objective.goal' = 'maximize' AS maximized
    FROM tasks
    CROSS JOIN settings AS s
    WHERE s.run_ids IS NULL
       OR fingerprint IN (SELECT fingerprint FROM runs WHERE run_id IN (SELECT unnest(run_ids) FROM settings))
),
measured AS (
    SELECT fingerprint, config_key, step, entry.key AS measure, avg(entry.value) AS value
    FROM (
        SELECT fingerprint, config_key, step, unnest(map_entries(metrics)) AS entry
        FROM trainings
        WHERE phase = 'search' AND cardinality(metrics) > 0
    )
    GROUP BY ALL
),
finals AS (
    SELECT
        o.fingerprint, o.task, o.full_size, g.config_key,
        avg(CASE o.metric
            WHEN 'val_loss' THEN g.val_loss
            WHEN 'val_accuracy' THEN g.val_accuracy
            WHEN 'train_loss' THEN g.train_loss
            ELSE g.metrics[o.metric]
        END * CASE WHEN o.maximized THEN -1 ELSE 1 END) AS final_loss
    FROM trainings AS g
    JOIN objectives AS o USING (fingerprint)
    WHERE g.phase = 'search' AND g.step = o.full_size
    GROUP BY o.fingerprint, o.task, o.full_size, g.config_key
    QUALIFY row_number() OVER (PARTITION BY o.fingerprint ORDER BY g.config_key) <= (SELECT configs FROM settings)
)
SELECT f.task, m.measure, f.config_key, m.step, f.full_size, m.value, f.final_loss
FROM measured AS m
JOIN finals AS f USING (fingerprint, config_key)
WHERE isfinite(m.value) AND isfinite(f.final_loss)
ORDER BY f.task, m.measure, f.config_key, m.step
