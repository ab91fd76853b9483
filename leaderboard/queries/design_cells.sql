/* A metric of each trained cell and replicate of a task, the mean over folds; NULL where the training ended before.
   Every config of a task is a cell; a design pairs those that differ in one factor. */
WITH settings AS (
    SELECT
        CAST(NULL AS VARCHAR) AS fingerprint,      -- of the task; NULL takes all tasks
        CAST('val_loss' AS VARCHAR) AS metric,     -- a column of learning curves, or the name of a measure
        CAST('end' AS VARCHAR) AS moment           -- 'end', 'mean' over points that hold the metric, or a step
),
wanted AS (
    SELECT
        k.fingerprint,
        k.name AS task,
        CAST(k.declaration ->> '$.fidelity.max' AS INTEGER) AS full_size,
        CAST(k.declaration ->> '$.folds' AS INTEGER) AS folds,
        s.metric,
        s.moment = 'mean' AS averaged,
        CASE WHEN s.moment IN ('end', 'mean') THEN full_size ELSE CAST(s.moment AS INTEGER) END AS last_step
    FROM tasks AS k
    CROSS JOIN settings AS s
    WHERE s.fingerprint IS NULL OR k.fingerprint = s.fingerprint
),
points AS (
    SELECT
        w.*, g.config_key, g.replicate, g.fold, g.step, g.status = 'DIVERGED' AS diverged,
        CASE w.metric
            WHEN 'train_loss' THEN g.train_loss
            WHEN 'val_loss' THEN g.val_loss
            WHEN 'val_accuracy' THEN g.val_accuracy
            WHEN 'test_loss' THEN g.test_loss
            WHEN 'test_accuracy' THEN g.test_accuracy
            WHEN 'density' THEN g.density
            WHEN 'seconds' THEN g.seconds
            ELSE g.metrics[w.metric]
        END AS value
    FROM trainings AS g
    JOIN wanted AS w USING (fingerprint)
    WHERE g.phase = 'search'
),
by_fold AS (
    SELECT
        fingerprint, task, folds, config_key, replicate, fold,
        bool_or(diverged) AS diverged,
        CASE WHEN max(step) >= any_value(last_step) THEN
            CASE WHEN any_value(averaged) THEN avg(value ORDER BY step) ELSE any_value(value) FILTER (step = last_step) END
        END AS value
    FROM points
    GROUP BY ALL
),
by_replicate AS (
    SELECT
        fingerprint, task, config_key, replicate, bool_or(diverged) AS diverged,
        CASE WHEN count(value) = any_value(folds) THEN avg(value ORDER BY fold) END AS value
    FROM by_fold
    GROUP BY ALL
),
at_once AS ( -- diverged before the first point
    SELECT DISTINCT w.fingerprint, w.task, t.config_key, t.replicate, TRUE AS diverged, CAST(NULL AS DOUBLE) AS value
    FROM trials AS t
    JOIN runs AS r USING (run_id)
    JOIN wanted AS w USING (fingerprint)
    WHERE t.kind = 'trial' AND t.status = 'DIVERGED'
      AND (w.fingerprint, t.config_key, t.replicate) NOT IN (SELECT (fingerprint, config_key, replicate) FROM by_replicate)
)
SELECT b.task, b.config_key, CAST(c.config AS VARCHAR) AS config, b.replicate, b.diverged, b.value
FROM (FROM by_replicate UNION ALL FROM at_once) AS b
JOIN configs AS c USING (fingerprint, config_key)
ORDER BY b.task, b.fingerprint, config, b.replicate
