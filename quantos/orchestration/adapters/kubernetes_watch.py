"""What a cluster's API has of one kind, kept up to date: listed once, then watched from where the list ended."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

from kubernetes import watch
from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from urllib3.exceptions import HTTPError

from quantos.errors import OrchestrationError
from quantos.translation import Vendor, translated

WATCH_SECONDS: Final = 240
RETRY_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 10
DEAF_SECONDS: Final = 3 * WATCH_SECONDS
"""After so long without a word, not even of the end of a watch, what is known is no longer believed."""


def _reason(error: Exception) -> str:
    if isinstance(error, ApiException):
        return f"{error.status} {error.reason}: {str(error.body or '')[:300]}"
    return str(error) or type(error).__name__


def _is_transient(error: Exception) -> bool:
    if isinstance(error, ApiException):
        status = int(error.status or 0)
        return status in {0, HTTPStatus.TOO_MANY_REQUESTS} or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return not isinstance(error, ConfigException)


KUBERNETES: Final = Vendor(
    raises=(ApiException, ConfigException, HTTPError, OSError), reason=_reason, transient=_is_transient
)
"""What the cluster's client raises."""

_READING: Final = replace(KUBERNETES, raises=(*KUBERNETES.raises, ValueError, LookupError, TypeError, AttributeError))
"""While events are read: lines may break off, and hold what is none."""


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="allow")

    resource_version: str = Field(alias="resourceVersion")


class _Object(BaseModel):
    model_config = ConfigDict(extra="allow")

    metadata: _Metadata


class _Event(BaseModel):
    type: str
    raw_object: _Object


@dataclass
class Watched:
    """Objects of one kind, by namespace and name, as the API tells them.

    Attributes:
        client: of the cluster.
        listed: the client's method that lists them, which the watch asks too.
        where: its arguments.
        what: names them, for people.
        selector: of their labels.
    """

    client: ApiClient
    listed: Callable[..., object]
    where: tuple[str, ...]
    what: str
    selector: str
    _objects: dict[tuple[str, str], JsonValue] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ready: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _failed: OrchestrationError | None = None
    _heard_s: float = 0.0

    def objects(self) -> list[JsonValue]:
        """All that there are, as they were told last.

        Raises:
            OrchestrationError: the API has not been reached since it failed.
        """
        with self._lock:
            if self._failed is not None:
                raise self._failed
            if time.monotonic() - self._heard_s > DEAF_SECONDS:
                raise OrchestrationError(
                    f"nothing was heard of {self.what} for {DEAF_SECONDS} s", remedy="see how the cluster's API is"
                )
            return list(self._objects.values())

    def start(self, *, timeout_seconds: float = 30.0) -> None:
        """Begin to watch, and return once all is listed. Raises OrchestrationError where it is not in time."""
        threading.Thread(target=self._run, daemon=True, name=f"watch-{self.what}").start()
        if not self._ready.wait(timeout_seconds):
            raise self._failed or OrchestrationError(
                f"{self.what} were not listed within {timeout_seconds:g} s", remedy="see how the cluster's API is"
            )

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with translated(
                    _READING,
                    into=OrchestrationError,
                    what=f"{self.what} cannot be listed",
                    remedy="check that this account may list and watch them",
                ):
                    self._follow(self._list())
            except OrchestrationError as error:
                with self._lock:
                    self._failed = error
                self._stopping.wait(RETRY_SECONDS)

    def _list(self) -> str:
        timeouts = (CONNECT_SECONDS, WATCH_SECONDS)
        listed = self.listed(*self.where, label_selector=self.selector, _request_timeout=timeouts)
        answer: JsonValue = self.client.sanitize_for_serialization(listed)
        if not isinstance(answer, dict) or not isinstance(answer["metadata"], dict):
            raise OrchestrationError(f"{self.what}: the API answered no list", remedy="see what answers there")
        items = answer.get("items")
        with self._lock:
            self._objects = {_place(item): item for item in items} if isinstance(items, list) else {}
            self._failed = None
            self._heard_s = time.monotonic()
        self._ready.set()
        return str(answer["metadata"].get("resourceVersion", ""))

    def _follow(self, version: str) -> None:
        """Take in what changes, until the API has forgotten where we are."""
        while not self._stopping.is_set():
            stream = watch.Watch().stream(
                self.listed,
                *self.where,
                label_selector=self.selector,
                resource_version=version,
                allow_watch_bookmarks=True,
                timeout_seconds=WATCH_SECONDS,
                _request_timeout=(CONNECT_SECONDS, WATCH_SECONDS + CONNECT_SECONDS),
            )
            try:
                for raw in stream:
                    event = _Event.model_validate(raw)
                    if event.type == "ERROR":
                        return
                    version = event.raw_object.metadata.resource_version
                    self._take(event)
            except ApiException as error:
                if error.status != HTTPStatus.GONE:
                    raise
                return
            self._heard_s = time.monotonic()

    def _take(self, event: _Event) -> None:
        document = event.raw_object.model_dump(by_alias=True)
        with self._lock:
            self._heard_s = time.monotonic()
            if event.type == "DELETED":
                self._objects.pop(_place(document), None)
            elif event.type != "BOOKMARK":
                self._objects[_place(document)] = document


def _place(document: JsonValue) -> tuple[str, str]:
    metadata = document["metadata"] if isinstance(document, dict) else None
    if not isinstance(metadata, dict):
        raise OrchestrationError("an object of the API has no metadata", remedy="see what answers there")
    return str(metadata.get("namespace", "")), str(metadata["name"])
