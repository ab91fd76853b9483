/* When each run's incumbent at the maximal fidelity improved, in full evaluations and on the run's clock. Where the
   task has a table, its loss is the mean over the table's replicates, which may rise though the loss seen fell. */
WITH counting AS (
    SELECT run_id, number
    FROM final_trials(
        density_low := CAST(NULL AS DOUBLE),     -- band of the final density, with 1 % of slack
        density_high := CAST(NULL AS DOUBLE)     -- since masks keep whole weights; NULL: any
    )
),
told AS (
    SELECT
        *,
        row_number() OVER in_order AS place,
        sum(coalesce(t.units, 0)) OVER in_order / t.full_size AS evaluations,
        max(t.told_at) OVER in_order AS seconds_passed
    FROM counted_trials(
        run_ids := CAST(NULL AS VARCHAR[])       -- NULL takes every visible run
    ) AS t
    WINDOW in_order AS (PARTITION BY t.run_id ORDER BY t.told_order, t.number ROWS UNBOUNDED PRECEDING)
),
improved AS (
    FROM told
    SEMI JOIN counting USING (run_id, number)
    QUALIFY loss < coalesce(min(loss) OVER (
        PARTITION BY run_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 'infinity')
)
SELECT i.run_id, i.evaluations, i.seconds_passed AS seconds, coalesce(l.loss, i.loss) AS loss
FROM improved AS i
LEFT JOIN table_losses AS l USING (fingerprint, config_key)
ORDER BY i.run_id, i.place
