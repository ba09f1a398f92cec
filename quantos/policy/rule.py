"""A rule, and the one way to run it: what cannot be judged is refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, ParamSpec

from quantos.errors import NotYetKnownError, QuantosError

P = ParamSpec("P")


@dataclass(frozen=True, kw_only=True)
class Control:
    """What a rule answers to: a benchmark's control by its id, or the firm's own, and the page that states it."""

    text: str
    link: str


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[P]):
    """Complaints about a subject, in the light of what a pack was configured with.

    `name` is what a pack registers and a violation carries; `remedy` tells the reader what to do, `control` why.
    """

    name: str
    description: str
    remedy: str
    control: Control
    complaints: Callable[P, Iterable[str]]

    def messages(self, *subject: P.args, **context: P.kwargs) -> tuple[str, ...]:
        """One message for each complaint, with remedy and control. A rule that fails to run is itself a complaint.

        Raises NotYetKnownError where the subject has a value that only the update will tell.
        """
        try:
            complaints = tuple(self.complaints(*subject, **context))
        except NotYetKnownError:
            raise
        except QuantosError as exc:
            return (f"cannot be judged: {exc.what}. {sentence(exc.remedy)}",)
        except Exception as exc:  # whatever keeps a rule from running must refuse
            return (f"the rule could not run ({type(exc).__name__}: {exc}). Correct it; nothing passes unjudged.",)
        return tuple(self.message(complaint) for complaint in complaints)

    def message(self, complaint: str) -> str:
        """What a reader is told of one complaint."""
        return f"{complaint}. {sentence(self.remedy)} Control: {self.control.text} ({self.control.link})."


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
