-- Runs after each commit. Amounts are what is left of the hold.
CREATE TABLE IF NOT EXISTS quantos.orchestration_transitions
(
    record_id String,
    chain LowCardinality(String),
    sequence UInt64,
    occurred_at DateTime64(6, 'UTC'),
    actor LowCardinality(String),
    team LowCardinality(String),
    submission_id String,
    run UInt32,
    version UInt32,
    pipeline_id LowCardinality(String),
    reason LowCardinality(String),
    asked LowCardinality(String),
    ended LowCardinality(String),
    cleared Bool,
    live UInt32,
    hold_day Nullable(Date),
    left_cpu_ms UInt64,
    left_gpu_ms UInt64,
    left_io_bytes UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (team, submission_id, run, record_id)
