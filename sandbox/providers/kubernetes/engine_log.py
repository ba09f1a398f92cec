"""What the stand-in has to say to the user beyond errors, by the engine's log."""

from __future__ import annotations

import threading

import grpc

from sandbox.providers.protocol import engine_pb2, engine_pb2_grpc


class EngineLog:
    """Warnings of one plugin process, each text once; nobody hears them where no engine started it."""

    def __init__(self, address: str) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def warn(self, message: str, *, urn: str) -> None:
        """Show a warning beside a resource, unless the same was said before."""
        with self._lock:
            if message in self._said:
                return
            self._said.add(message)
        if self._engine is not None:
            self._engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn))
