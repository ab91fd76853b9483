/* The objective's loss of fully trained configs after each unit of fidelity, by replicate, means over folds. */
WITH settings AS (
    SELECT CAST(300 AS BIGINT) AS configs -- of each task at most, the first by key, which is a hash
),
curves AS NOT MATERIALIZED (
    FROM objective_curves(
        run_ids := CAST(NULL AS VARCHAR[]) -- the tasks of these runs; NULL takes every visible run
    )
),
repeated AS ( -- configs that were trained on more than one replicate
    SELECT fingerprint, config_key
    FROM curves
    WHERE step = full_size
    GROUP BY fingerprint, config_key
    HAVING count(DISTINCT replicate) > 1
    QUALIFY row_number() OVER (PARTITION BY fingerprint ORDER BY config_key) <= (SELECT configs FROM settings)
),
means AS (
    SELECT task, config_key, replicate, step, full_size, avg(loss ORDER BY fold) AS loss
    FROM curves
    SEMI JOIN repeated USING (fingerprint, config_key)
    GROUP BY ALL
)
SELECT task, config_key, replicate, step, loss
FROM means
WHERE isfinite(loss)
QUALIFY max(step) OVER (PARTITION BY task, config_key, replicate) = full_size
ORDER BY task, config_key, replicate, step
