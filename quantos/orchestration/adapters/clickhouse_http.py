"""ClickHouse over HTTP."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from quantos.errors import AuditError, OrchestrationError
from quantos.orchestration.adapters.http_post import post

_SETTINGS: Final = {"wait_end_of_query": "1"}
"""So that a failure at the end is a status, not a text behind rows."""


@dataclass(frozen=True, kw_only=True)
class ClickHouseHttp:
    """A ClickHouse at a URL such as `https://clickhouse.example:8443`."""

    url: str
    user: str = "default"
    password: str = field(default="", repr=False)
    timeout_seconds: float = 60.0

    def run(self, statement: str, data: bytes = b"") -> bytes:
        """Run one statement, with the rows of an insert, and return what it answers. Raises AuditError."""
        headers = {"X-ClickHouse-User": self.user, "X-ClickHouse-Key": self.password}
        query = {**_SETTINGS, "query": statement} if data else _SETTINGS
        url = f"{self.url.rstrip('/')}/?{urlencode(query)}"
        try:
            return post(url, data or statement.encode(), headers=headers, timeout_seconds=self.timeout_seconds)
        except OrchestrationError as exc:
            raise AuditError(exc.what, remedy=exc.remedy, retryable=exc.retryable) from exc
