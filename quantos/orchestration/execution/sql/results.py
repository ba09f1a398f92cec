"""Where the results of statements lie, for who makes them and who removes them."""

import hashlib

from quantos.lake.tables import TableName


def result_table(namespace: str, attempt: str) -> TableName:
    """The table of an attempt's result, whoever asks."""
    return TableName(namespace, f"result_{hashlib.sha256(attempt.encode()).hexdigest()[:32]}")
