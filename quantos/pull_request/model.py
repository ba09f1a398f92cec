"""What a check of a pull request found, as plain values: what is written, shown and judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from quantos.urn import Urn

Status: TypeAlias = Literal["judged", "same", "skipped", "failed", "unreached"]
"""`judged`: brought up under the packs. `same`: the preview shows that nothing differs. `unreached`: a layer below
failed."""
Level: TypeAlias = Literal["advisory", "mandatory", "disabled", "remediate"]


@dataclass(frozen=True, kw_only=True)
class PackRule:
    """A rule as its pack registers it. `url` is the page of its control, an address or a path of the project."""

    pack: str
    name: str
    description: str
    level: Level
    remedy: str = ""
    url: str = ""

    @property
    def identity(self) -> str:
        """What names it among the rules of all packs."""
        return f"{self.pack}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class SourceLocation:
    """A line of a file of the project, 1 the first."""

    path: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a rule says against a resource, or against a stack as a whole where the URN is the stack's."""

    rule: str
    urn: str
    message: str
    level: Level
    place: SourceLocation


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """An operation that the head would do on what the base has made.

    `protected` says what guards the resource from deletion: the program's `protect`, or the cloud's own flag.
    """

    urn: str
    operation: str
    paths: tuple[str, ...] = ()
    protected: bool = False

    @property
    def kind(self) -> str:
        """Type token, without those of its parents."""
        return Urn.parse(self.urn).type

    @property
    def name(self) -> str:
        """Name in the program."""
        return Urn.parse(self.urn).name

    @property
    def replaces(self) -> bool:
        """Whether the resource that stands is made anew."""
        return self.operation == "replace"

    @property
    def deletes(self) -> bool:
        """Whether the resource is gone afterwards."""
        return self.operation == "delete"


@dataclass(frozen=True, kw_only=True)
class ComponentCost:
    """USD a month of one component, at the most that is declared; None where it is not there."""

    component: str
    usd_per_month_before: float | None
    usd_per_month_after: float | None


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """USD a month of a layer before and after, by component; `unpriced` says of what nobody can tell the price."""

    components: tuple[ComponentCost, ...] = ()
    unpriced: tuple[str, ...] = ()

    @property
    def usd_per_month_before(self) -> float:
        """The sum at the base."""
        return sum(component.usd_per_month_before or 0.0 for component in self.components)

    @property
    def usd_per_month_after(self) -> float:
        """The sum at the head."""
        return sum(component.usd_per_month_after or 0.0 for component in self.components)


Guard: TypeAlias = Literal[
    "rule", "exemption", "limit", "packs", "prices", "check", "reading", "audit", "resizing", "workflow", "tests"
]


@dataclass(frozen=True, kw_only=True)
class GuardChange:
    """Something that guards the project, and that a pull request changes.

    Attributes:
        what: the change in words, from and to.
        place: where the head has it, or where the base had what is gone.
        approvers: whom the base's CODEOWNERS names for that file; where it names nobody, the change is refused.
    """

    guard: Guard
    what: str
    place: SourceLocation
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LayerFinding:
    """One layer of one environment.

    Attributes:
        reason: why it was run, skipped or not reached, in words.
        program: path of the file with which its program begins.
        new: the base does not have it.
        changes: what the head would do, from its preview on the base.
        unrunnable: rules that met a value they could not know, and why.
        ran: rules, by identity, that the engine called on anything in the head's `up`.
        error: the engine's own words where an operation failed.
        notes: anything else a reader must know.
        seconds: of each operation: "base", "preview", "up".
    """

    layer: str
    status: Status
    reason: str
    program: str
    new: bool = False
    changes: tuple[ResourceChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unrunnable: tuple[str, ...] = ()
    ran: frozenset[str] = frozenset()
    cost: LayerCost | None = None
    error: str = ""
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EnvironmentFinding:
    """One environment. `rules` are those of the packs it was judged under, none where it was skipped as a whole.

    `base_rules` are those of the base's packs, where these differ from the head's and judged as well.
    `refusals` are those of no layer: the environment file itself, or its cost as a whole.
    """

    environment: str
    layers: tuple[LayerFinding, ...]
    new: bool = False
    rules: tuple[PackRule, ...] = ()
    base_rules: tuple[PackRule, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    error: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What is compared: a commit, and for the head how many files differ from it that are not committed."""

    label: str
    commit: str
    uncommitted_files: int = 0


@dataclass(frozen=True, kw_only=True)
class PullRequestFinding:
    """Everything that a check found.

    `guards` are what the change loosens or may; `refusals` and `notes` are of no environment.
    """

    base: Revision
    head: Revision
    environments: tuple[EnvironmentFinding, ...]
    seconds: float
    guards: tuple[GuardChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
