/* What runs had spent on the trials that count within a budget: of full evaluations, those asked before it was spent;
   of seconds, those told by then. Ask it of runs that went on beyond; of others the query `runs` says the same. A run
   without such trials has no row. */
SELECT
    run_id,
    count(*) AS trials,
    count(*) FILTER (status <> 'OK') AS bad_trials,
    count(*) FILTER (predicted) AS predicted_trials,
    count(*) FILTER (kind = 'search') AS search_steps,
    sum(units) / any_value(full_size) AS full_evaluations,
    fsum(seconds) AS evaluation_seconds
FROM counted_trials(
    run_ids := CAST(NULL AS VARCHAR[]),                -- NULL takes every visible run
    evaluations := CAST(NULL AS MAP(VARCHAR, DOUBLE)), -- budget by task name; NULL takes whole runs
    seconds := CAST(NULL AS DOUBLE)                    -- budget on the clock of the run
) AS t
GROUP BY run_id
ORDER BY run_id
