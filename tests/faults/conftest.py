"""The engine tests' sandbox, for tests that kill what runs in it."""

from tests.engine.conftest import sandbox

__all__ = ["sandbox"]
