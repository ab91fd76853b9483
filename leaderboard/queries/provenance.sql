/* Where the runs were made, and with what. */
WITH settings AS (
    SELECT CAST(NULL AS VARCHAR[]) AS run_ids -- NULL takes every visible run
)
SELECT
    r.provenance ->> '$.host' AS host,
    r.provenance ->> '$.device' AS device,
    r.provenance ->> '$.platform' AS platform,
    r.provenance ->> '$.git_revision' AS git_revision,
    CAST(r.provenance -> '$.versions' AS VARCHAR) AS versions,
    r.executor,
    count(*) AS runs,
    min(r.started) AS first_started,
    max(r.ended) AS last_ended
FROM visible_runs AS r
CROSS JOIN settings AS s
WHERE s.run_ids IS NULL OR r.run_id IN (SELECT unnest(run_ids) FROM settings)
GROUP BY ALL
ORDER BY ALL
