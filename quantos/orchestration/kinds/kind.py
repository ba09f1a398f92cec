"""What a kind of node is, and those that there are: each is one file of this folder."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Protocol

from quantos.contracts.dag.graph import PathFault
from quantos.contracts.dag.spec import Node
from quantos.orchestration.execution.local import LocalAttempt, Ran


class Kind(Protocol):
    """A kind of node. Its module holds it as `KIND`.

    Attributes:
        name: as specs write it.
        checks: what may be wrong with a node of this kind, by paths below the node. A field that is wrong by itself is
            not there, and ends the check that asks for it.
    """

    name: str
    checks: tuple[Callable[[Node], Iterator[PathFault]], ...]

    def run_locally(self, attempt: LocalAttempt) -> Ran:
        """Run an attempt on this machine until it has ended or was stopped.

        Raises OrchestrationError where what it needs cannot be had; it did not run then.
        """
        ...


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name: the modules of this folder that hold a `KIND`."""
    package = importlib.import_module("quantos.orchestration.kinds")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    held: list[Kind] = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in held}
