"""What clients of AWS ask for, counted by operation."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from botocore.client import BaseClient


@contextmanager
def counted_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Calls made while the block runs, by `service:Operation`."""
    calls: Counter[str] = Counter()
    ask = BaseClient._make_api_call  # pyrefly: ignore[missing-attribute]  the stubs leave out what is private

    def counting(client: BaseClient, operation: str, parameters: Mapping[str, object]) -> object:
        calls[f"{client.meta.service_model.service_name}:{operation}"] += 1
        return ask(client, operation, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", counting)
        yield calls
