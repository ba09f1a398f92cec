-- What each node cost so far, after each commit that wrote it: millionths of a US dollar.
CREATE TABLE IF NOT EXISTS quantos.node_costs
(
    record_id String,
    chain LowCardinality(String),
    sequence UInt64,
    occurred_at DateTime64(6, 'UTC'),
    team LowCardinality(String),
    submission_id String,
    run UInt32,
    pipeline_id LowCardinality(String),
    node LowCardinality(String),
    spent_micro_usd Int64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (team, submission_id, run, node, record_id)
