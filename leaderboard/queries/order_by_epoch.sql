/* The objective's loss of fully trained configs after each unit of fidelity, means over replicates and folds. */
WITH settings AS (
    SELECT CAST(300 AS BIGINT) AS configs -- of each task at most, the first by key, which is a hash
),
means AS (
    SELECT task, config_key, step, full_size, avg(loss ORDER BY replicate, fold) AS loss
    FROM objective_curves(
        run_ids := CAST(NULL AS VARCHAR[]) -- the tasks of these runs; NULL takes every visible run
    )
    GROUP BY ALL
)
SELECT task, config_key, step, loss
FROM means
WHERE isfinite(loss)
QUALIFY max(step) OVER (PARTITION BY task, config_key) = full_size
    AND dense_rank() OVER (PARTITION BY task ORDER BY config_key) <= (SELECT configs FROM settings)
ORDER BY task, config_key, step
