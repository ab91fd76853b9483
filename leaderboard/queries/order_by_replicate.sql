/* The objective's loss of fully trained configs after each unit of fidelity, by replicate, means over folds. */
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
repeated AS ( -- configs that were trained on more than one replicate
    SELECT g.fingerprint, g.config_key
    FROM trainings AS g
    JOIN objectives AS o USING (fingerprint)
    WHERE g.phase = 'search' AND g.step = o.full_size
    GROUP BY g.fingerprint, g.config_key
    HAVING count(DISTINCT g.replicate) > 1
    QUALIFY row_number() OVER (PARTITION BY g.fingerprint ORDER BY g.config_key) <= (SELECT configs FROM settings)
),
values_by_step AS (
    SELECT
        o.task, g.config_key, g.replicate, g.step, o.full_size, o.maximized,
        CASE o.metric
            WHEN 'val_loss' THEN g.val_loss
            WHEN 'val_accuracy' THEN g.val_accuracy
            WHEN 'train_loss' THEN g.train_loss
            ELSE g.metrics[o.metric]
        END AS value
    FROM trainings AS g
    JOIN repeated USING (fingerprint, config_key)
    JOIN objectives AS o USING (fingerprint)
    WHERE g.phase = 'search'
),
means AS (
    SELECT
        task, config_key, replicate, step, full_size,
        avg(CASE WHEN maximized THEN 1 - value ELSE value END) AS loss
    FROM values_by_step
    GROUP BY ALL
)
SELECT task, config_key, replicate, step, loss
FROM means
WHERE isfinite(loss)
QUALIFY max(step) OVER (PARTITION BY task, config_key, replicate) = full_size
ORDER BY task, config_key, replicate, step
