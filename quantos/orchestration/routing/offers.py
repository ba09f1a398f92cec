"""What pools offer to one attempt: room on a node, and its price."""

from dataclasses import dataclass

from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.values import cores, memory_bytes


@dataclass(frozen=True, kw_only=True)
class Need:
    """What an attempt asks for: cores, bytes, GPUs."""

    cpu: float
    memory_bytes: float
    gpus: int

    @classmethod
    def of(cls, requests: Requests) -> "Need":
        """What a node's requests come to."""
        return cls(
            cpu=cores(requests.cpu or "0"), memory_bytes=memory_bytes(requests.mem or "0"), gpus=requests.gpu or 0
        )


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A pool's nodes, as Kubernetes allocates them.

    Attributes:
        interruptions_per_hour: how often a node is taken away; 0 on demand.
        usd_per_hour: of a whole node.
    """

    pool: str
    cpu: float
    memory_bytes: float
    gpus: int
    usd_per_hour: float
    interruptions_per_hour: float = 0.0

    @property
    def spot(self) -> bool:
        """Whether nodes may be taken away."""
        return self.interruptions_per_hour > 0

    def share(self, need: Need) -> float | None:
        """The part of a node that an attempt takes, by what it takes most of; None where it does not fit.

        Nodes with GPUs are for those who ask for some.
        """
        if bool(self.gpus) != bool(need.gpus):
            return None
        parts = [need.cpu / self.cpu, need.memory_bytes / self.memory_bytes]
        if self.gpus:
            parts.append(need.gpus / self.gpus)
        part = max(parts)
        return part if part <= 1 else None
