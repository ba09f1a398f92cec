-- What teams spent, by the UTC day on which it was recorded: a node's cost grows, and counts where it grew.
SELECT team, day, sum(spent - before) AS micro_usd
FROM
(
    SELECT
        team,
        day,
        spent,
        lagInFrame(spent, 1, toInt64(0)) OVER
        (
            PARTITION BY team, submission_id, run, node
            ORDER BY day ASC
            ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        ) AS before
    FROM
    (
        SELECT team, submission_id, run, node, toDate(occurred_at, 'UTC') AS day, max(spent_micro_usd) AS spent
        FROM quantos.node_costs
        GROUP BY team, submission_id, run, node, day
    )
)
GROUP BY team, day
ORDER BY team, day
FORMAT JSONEachRow
