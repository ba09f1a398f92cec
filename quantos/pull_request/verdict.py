"""The verdict on a pull request: refused for what a mandatory rule says, and for anything that was not judged.

What guards the project and is changed refuses nothing by itself: it needs the approval of whom CODEOWNERS names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from quantos.pull_request.model import (
    EnvironmentFinding,
    GuardChange,
    LayerFinding,
    PackRule,
    PullRequestFinding,
    Refusal,
    SourceLocation,
)

Kind: TypeAlias = Literal["violation", "advice", "approval", "unjudged", "failure"]
MANDATORY = frozenset({"mandatory", "remediate"})


@dataclass(frozen=True, kw_only=True)
class Objection:
    """One thing that is said against the pull request; everything but `advice` and `approval` refuses it.

    `layer` is empty where the environment as a whole is meant, and `environment` where all of them are. `remedy` and
    `url` are the rule's, where there is one.
    """

    kind: Kind
    environment: str
    layer: str
    rule: str
    message: str
    place: SourceLocation
    urn: str = ""
    remedy: str = ""
    control: str = ""
    url: str = ""

    @property
    def refuses(self) -> bool:
        """Whether the pull request may not pass with it."""
        return self.kind not in {"advice", "approval"}

    @property
    def stack(self) -> str:
        """`dev-capacity`, or `dev` for the environment as a whole."""
        return f"{self.environment}-{self.layer}" if self.layer else self.environment or "project"


def objections(finding: PullRequestFinding) -> tuple[Objection, ...]:
    """All that is said against a pull request: of the project, its environments and layers in order, its guards."""
    of_project = (_of_project(refusal) for refusal in finding.refusals)
    of_environments = (objection for each in finding.environments for objection in _of_environment(each))
    return (*of_project, *of_environments, *(_of_guard(change) for change in finding.guards))


def passes(finding: PullRequestFinding) -> bool:
    """Whether nothing refuses it."""
    return not any(objection.refuses for objection in objections(finding))


def rules_of(environment: EnvironmentFinding) -> dict[str, PackRule]:
    """Every rule that an environment was judged by, by identity: the head's, and what the base's packs have beside."""
    return {rule.identity: rule for rule in (*environment.base_rules, *environment.rules)}


def _of_project(refusal: Refusal) -> Objection:
    return Objection(
        kind="violation", environment="", layer="", rule=refusal.rule, message=refusal.message, place=refusal.place
    )


def _of_guard(change: GuardChange) -> Objection:
    by = f"for {' or '.join(change.approvers)} to approve" if change.approvers else "and CODEOWNERS names nobody for it"
    return Objection(
        kind="approval" if change.approvers else "violation",
        environment="",
        layer="",
        rule=f"guards/{change.guard}",
        message=f"{change.what}, {by}",
        place=change.place,
    )


def _of_environment(environment: EnvironmentFinding) -> Iterator[Objection]:
    rules = rules_of(environment)
    file = SourceLocation(path=f"stacks/environments/{environment.environment}.yaml", line=1)
    if environment.error:
        yield _objection(environment, "", "failure", rule="check/ended", message=environment.error, place=file)
    for refusal in environment.refusals:
        yield _refused(environment, "", refusal, rules=rules)
    for layer in environment.layers:
        yield from _of_layer(environment, layer, rules)
    for rule in never_ran(environment):
        yield _objection(
            environment,
            "",
            "unjudged",
            rule=rule.identity,
            message=_never(rule),
            place=file,
            remedy=rule.remedy,
            url=rule.url,
        )


def _never(rule: PackRule) -> str:
    if rule.level == "disabled":
        return f"{rule.name} is switched off, so nothing was judged by it"
    return f"{rule.name} never ran: the engine called it on no resource and no stack"


def never_ran(environment: EnvironmentFinding) -> tuple[PackRule, ...]:
    """Rules of the packs that the engine called nowhere, where it was asked to judge anything at all."""
    judged = [layer for layer in environment.layers if layer.status == "judged"]
    ran = {identity for layer in judged for identity in layer.ran}
    return tuple(rule for rule in rules_of(environment).values() if judged and rule.identity not in ran)


def _of_layer(environment: EnvironmentFinding, layer: LayerFinding, rules: dict[str, PackRule]) -> Iterator[Objection]:
    program = SourceLocation(path=layer.program, line=1)
    if layer.error:
        yield _objection(environment, layer.layer, "failure", rule="engine/failed", message=layer.error, place=program)
    for refusal in layer.refusals:
        yield _refused(environment, layer.layer, refusal, rules=rules)
    for said in layer.unrunnable:
        yield _objection(
            environment,
            layer.layer,
            "unjudged",
            rule=said.partition(":")[0],
            message=said,
            place=program,
            remedy="Correct the rule or what it reads; nothing passes unjudged.",
        )


def _refused(environment: EnvironmentFinding, layer: str, refusal: Refusal, *, rules: dict[str, PackRule]) -> Objection:
    rule = rules.get(refusal.rule)
    url = rule.url if rule else ""
    said, control = _split(refusal.message, url=url)
    remedy = rule.remedy if rule else ""
    return _objection(
        environment,
        layer,
        "violation" if refusal.level in MANDATORY else "advice",
        rule=refusal.rule,
        message=said.removesuffix(remedy).strip() if remedy else said,
        place=refusal.place,
        urn=refusal.urn,
        remedy=remedy,
        control=control,
        url=url,
    )


def _split(message: str, *, url: str) -> tuple[str, str]:
    """What a rule says, without the sentence in which it names its control, and the control's name."""
    said, separator, control = message.rpartition(" Control: ")
    if not (separator and url and control.endswith(f" ({url}).")):
        return message, ""
    return said, control.removesuffix(f" ({url}).")


def _objection(
    environment: EnvironmentFinding,
    layer: str,
    kind: Kind,
    *,
    rule: str,
    message: str,
    place: SourceLocation,
    urn: str = "",
    remedy: str = "",
    control: str = "",
    url: str = "",
) -> Objection:
    return Objection(
        kind=kind,
        environment=environment.environment,
        layer=layer,
        rule=rule,
        message=message,
        place=place,
        urn=urn,
        remedy=remedy,
        control=control,
        url=url,
    )
