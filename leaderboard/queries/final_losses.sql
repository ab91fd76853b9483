/* The lowest loss at the maximal fidelity of each run, among the trials that count; where the task has a table,
   the mean over the table's replicates of the config that has it, of equally good ones the first.
   Within a budget of full evaluations count the trials asked before it was spent; within one of seconds, those told
   by then. Within a band of densities count the trainings whose final density lies in it; the others spend their
   share of the budget all the same. */
WITH best AS (
    SELECT
        run_id,
        any_value(fingerprint) AS fingerprint,
        min(loss) AS loss,
        min({'loss': loss, 'number': number, 'config_key': config_key})
            FILTER (fingerprint IN (SELECT fingerprint FROM tabled_tasks)).config_key AS config_key
    FROM final_trials(
        run_ids := CAST(NULL AS VARCHAR[]),                -- NULL takes every visible run
        evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)), -- budget by task name; NULL takes whole runs
        seconds := CAST(NULL AS DOUBLE),                   -- budget on the clock of the run
        density_low := CAST(NULL AS DOUBLE),               -- band of the final density, with 1 % of slack
        density_high := CAST(NULL AS DOUBLE)               -- since masks keep whole weights; NULL: any
    )
    GROUP BY run_id
)
SELECT b.run_id, coalesce(l.loss, b.loss) AS loss
FROM best AS b
LEFT JOIN table_losses AS l USING (fingerprint, config_key)
ORDER BY b.run_id
