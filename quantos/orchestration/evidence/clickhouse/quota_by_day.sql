-- The balance of every account, after the last version that was loaded.
SELECT * EXCEPT (record_id, chain, sequence, occurred_at, actor)
FROM quantos.account_movements
ORDER BY team, day, version DESC
LIMIT 1 BY team, day
FORMAT JSONEachRow
