"""What a check of links says: of which kind, about which object, and what to do."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "address", "budget", "clash", "device", "effect", "egress", "exception", "kind", "monitor", "placement", "policy",
    "quota", "reference", "rendering", "replica", "secret-reader", "service", "spread", "token", "webhook",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BrokenLink:
    """One link between objects that does not hold.

    Attributes:
        subject: the object that it is about, as `called` names it.
        about: what the object links to, which tells two findings of one object apart: a name, a port, a key.
        what: what happens, as one sentence without its end.
    """

    kind: Kind
    subject: str
    about: str
    what: str
    remedy: str
