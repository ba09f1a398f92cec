-- Links of the audit chain as they stand in the bucket. A link that is loaded again replaces itself.
CREATE TABLE IF NOT EXISTS quantos.audit_links
(
    chain LowCardinality(String),
    sequence UInt64,
    record_id String,
    kind LowCardinality(String),
    subject String,
    actor LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    previous_digest FixedString(64),
    digest FixedString(64),
    body String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (chain, record_id)
