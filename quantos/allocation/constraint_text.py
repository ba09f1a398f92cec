"""What gave way in a choice, in sentences for a plan's explanation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from quantos.allocation.choice import ChoiceSolution, Concession, Constraint

_REASONS: Final[Mapping[Constraint, str]] = {
    "budget": "the environment's budget",
    "max-nodes": "the most nodes of the environment",
    "step-up": "the step that one plan may take",
    "step-down": "the step that one plan may take",
    "pool-maximum": "the maximum of its pool",
    "ceiling": "its own ceiling in USD/hour",
    "spot-share": "its limits of spot",
    "diversification": "the share that one pool or zone may hold",
    "interruption": "the share that may be interrupted at once",
    "locality": "the zones it must stay in",
    "eligibility": "the pools it may run on, which cannot hold it",
    "whole-nodes": "nodes that come whole",
}


def gave_way(solution: ChoiceSolution) -> Iterator[str]:
    """One clause for each floor and each demand that is not kept whole, the most important first."""
    for floor in solution.floors_gave_way:
        nodes = "1 node" if floor.missing_nodes == 1 else f"{floor.missing_nodes} nodes"
        yield f"pool {floor.pool} stays {nodes} below its floor, bound by {_listed(floor.bound_by)}"
    for item in solution.gave_way:
        yield (
            f"{item.demand} (priority {item.priority}) is given {shortfall(item)} "
            f"({item.shortfall_share:.1%}) less than it needs, bound by {_listed(item.bound_by)}"
        )


def shortfall(item: Concession) -> str:
    """What is missing, in GPUs where any are asked for."""
    return f"{item.shortfall_gpus:.1f} GPU" if item.shortfall_gpus else f"{item.shortfall_vcpu:.1f} vCPU"


def reason(constraint: Constraint) -> str:
    """A constraint in words that follow "bound by"."""
    return _REASONS[constraint]


def _listed(constraints: Sequence[Constraint]) -> str:
    reasons = [reason(constraint) for constraint in constraints]
    return reasons[0] if len(reasons) == 1 else f"{', '.join(reasons[:-1])} and {reasons[-1]}"
