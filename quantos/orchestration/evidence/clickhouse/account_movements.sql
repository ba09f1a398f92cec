-- Accounts after each commit that wrote them: core-milliseconds, GPU-milliseconds and bytes.
CREATE TABLE IF NOT EXISTS quantos.account_movements
(
    record_id String,
    chain LowCardinality(String),
    sequence UInt64,
    occurred_at DateTime64(6, 'UTC'),
    actor LowCardinality(String),
    team LowCardinality(String),
    day Date,
    version UInt32,
    budget_cpu_ms UInt64,
    budget_gpu_ms UInt64,
    budget_io_bytes UInt64,
    burst_cpu_ms UInt64,
    burst_gpu_ms UInt64,
    burst_io_bytes UInt64,
    owed_cpu_ms UInt64,
    owed_gpu_ms UInt64,
    owed_io_bytes UInt64,
    held_cpu_ms UInt64,
    held_gpu_ms UInt64,
    held_io_bytes UInt64,
    drawn_cpu_ms UInt64,
    drawn_gpu_ms UInt64,
    drawn_io_bytes UInt64,
    settled_cpu_ms UInt64,
    settled_gpu_ms UInt64,
    settled_io_bytes UInt64,
    debt_cpu_ms UInt64,
    debt_gpu_ms UInt64,
    debt_io_bytes UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (team, day, version, record_id)
