"""What every function is composed of: the environment's settings, the bus and the clocks.

In AWS they come from the process environment. The local event loop and the tests put their own in with `use`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from quantos.catalog.catalog import Catalog, load_catalog
from quantos.clock import Clock, utc_now
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from quantos.messaging.adapters.url import publisher_from_url
from quantos.messaging.ports import Publisher

T = TypeVar("T")
ENVIRONMENTS = Path(__file__).resolve().parents[1] / "stacks" / "environments"


@dataclass(frozen=True)
class Runtime:
    """The outside of a function.

    `clock` is the time plans are made and expire by, which a replay moves; `wall_clock` is the real time, by which
    leases live.
    """

    settings: EnvironmentSettings
    catalog: Catalog
    publisher: Publisher
    clock: Clock
    wall_clock: Clock


_used: list[Runtime] = []


def use(runtime: Runtime) -> None:
    """Compose functions from `runtime` from now on."""
    _used[:] = [runtime]


def current() -> Runtime:
    """The runtime in use; built from `QUANTOS_ENVIRONMENT` and `QUANTOS_BUS` on first need."""
    if not _used:
        catalog = load_catalog()
        _used.append(
            Runtime(
                settings=load_environment(_required("QUANTOS_ENVIRONMENT"), root=ENVIRONMENTS, catalog=catalog),
                catalog=catalog,
                publisher=publisher_from_url(_required("QUANTOS_BUS")),
                clock=utc_now,
                wall_clock=utc_now,
            )
        )
    return _used[0]


class PerRuntime(Generic[T]):
    """A composition root: built on the first event, kept while the function is warm, rebuilt after `use`."""

    def __init__(self, build: Callable[[Runtime], T]) -> None:
        self._build = build
        self._built: tuple[Runtime, T] | None = None

    def __call__(self) -> T:
        """The service for the runtime in use."""
        runtime = current()
        if self._built is None or self._built[0] is not runtime:
            self._built = (runtime, self._build(runtime))
        return self._built[1]


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingsError(f"{name} is not set", remedy="the control layer sets it; run functions through it")
    return value
