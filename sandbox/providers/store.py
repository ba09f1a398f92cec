"""What moto cannot hold, kept as JSON documents in one locked file beside moto's state."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.providers.values import Document, mapping

STORE_VARIABLE = "QUANTOS_SANDBOX_STORE"


@dataclass(frozen=True)
class Store:
    """Documents by resource type and id; several plugins of several engines may use one file at once."""

    path: Path

    @staticmethod
    def from_environment() -> Store:
        """The store named by the environment of a sandbox."""
        path = os.environ.get(STORE_VARIABLE, "")
        if not path:
            raise SandboxError(
                f"{STORE_VARIABLE} is not set, so the stand-in has nowhere to keep what moto does not hold",
                remedy="start the engine with the environment of `quantos env ENV --sandbox`",
            )
        return Store(Path(path))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _load(self) -> Document:
        if not self.path.exists():
            return {}
        return mapping(json.loads(self.path.read_text(encoding="utf-8")))

    def get(self, token: str, identity: str) -> Document | None:
        """The document of one object; None where there is none."""
        with self._locked():
            document = mapping(self._load().get(token)).get(identity)
        return document if isinstance(document, dict) else None

    def all(self, token: str) -> dict[str, Document]:
        """Every document of one type, by id."""
        with self._locked():
            return {key: mapping(value) for key, value in mapping(self._load().get(token)).items()}

    def change(self, token: str, identity: str, *, make: Callable[[Document | None], Document | None]) -> None:
        """Replace one document by what `make` returns for the present one; None removes it. One writer at a time."""
        with self._locked():
            documents = self._load()
            kind = mapping(documents.setdefault(token, {}))
            before = kind.pop(identity, None)
            after = make(before if isinstance(before, dict) else None)
            if after is not None:
                kind[identity] = after
            partial = self.path.with_suffix(".partial")
            partial.write_text(json.dumps(documents, indent=1, sort_keys=True), encoding="utf-8")
            partial.replace(self.path)

    def put(self, token: str, identity: str, *, document: Document) -> None:
        """Keep `document`, whatever was there."""
        self.change(token, identity, make=lambda _: document)

    def drop(self, token: str, identity: str) -> None:
        """Forget one document."""
        self.change(token, identity, make=lambda _: None)
