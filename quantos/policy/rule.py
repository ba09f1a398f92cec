"""A rule, and the one way to run it: what cannot be judged is refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from quantos.catalog.catalog import Catalog
from quantos.errors import QuantosError
from quantos.policy.limits import CostLimits

S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[S_contra]):
    """Complaints about a subject: a node group, a plan document or a whole stack's capacity.

    `name` is what a pack registers and a violation carries; `remedy` tells the reader what to do.
    """

    name: str
    description: str
    remedy: str
    complaints: Callable[[S_contra, CostLimits, Catalog], Iterable[str]]

    def messages(self, subject: S_contra, limits: CostLimits, *, catalog: Catalog) -> tuple[str, ...]:
        """One message for each complaint, remedy included. A rule that fails to run is itself a complaint."""
        try:
            found = tuple(self.complaints(subject, limits, catalog))
        except QuantosError as exc:
            return (f"cannot be judged: {exc.what}. {sentence(exc.remedy)}",)
        except Exception as exc:  # whatever keeps a rule from running must refuse
            return (f"the rule could not run ({type(exc).__name__}: {exc}). Correct it; nothing passes unjudged.",)
        return tuple(f"{complaint}. {sentence(self.remedy)}" for complaint in found)


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
