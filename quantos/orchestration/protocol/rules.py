"""What handlers go by that is not in any row: budgets, credit, and where attempts run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.credit import CreditTerms
from quantos.orchestration.protocol.rows import Node, Submission
from quantos.orchestration.routing.placement import Placement

OpenAccount: TypeAlias = Callable[[str, str], Account]
"""The account of a team and a day on which nothing has happened yet."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Of one environment.

    Attributes:
        credit: a team's.
        placed: where the next attempt of a node runs that may still take so long, milliseconds.
    """

    opened: OpenAccount
    credit: Callable[[str], CreditTerms]
    placed: Callable[[Submission, Node, int], Placement]
