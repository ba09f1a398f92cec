"""Findings of a check, as small as a test needs them."""

from dataclasses import replace

from quantos.pull_request.model import (
    ComponentCost,
    EnvironmentFinding,
    GuardChange,
    LayerCost,
    LayerFinding,
    PackRule,
    PullRequestFinding,
    Refusal,
    ResourceChange,
    Revision,
    SourceLocation,
)

CONTROL = "https://www.finops.org/framework/capabilities/budgeting"
CEILING = PackRule(
    pack="quantos-cost",
    name="pool-ceiling",
    description="A pool at its maximum size costs no more than its ceiling.",
    level="mandatory",
    remedy="Plan a lower maximum.",
    url=CONTROL,
)
PRIVATE = PackRule(
    pack="quantos-security",
    name="private-buckets",
    description="Buckets are private.",
    level="mandatory",
    remedy="Block public access.",
    url="docs/controls.md#buckets",
)
RULES = SourceLocation(path="quantos/policy/exposure.py", line=12)
STACK_URN = "urn:pulumi:dev-capacity::quantos::pulumi:pulumi:Stack::quantos-dev-capacity"


def urn_of(name: str, *, kind: str = "aws:eks/nodeGroup:NodeGroup", stack: str = "dev-capacity") -> str:
    return f"urn:pulumi:{stack}::quantos::quantos:capacity:NodePool${kind}::{name}"


def make_refusal(**changed: object) -> Refusal:
    given: dict[str, object] = {
        "rule": CEILING.identity,
        "urn": urn_of("cpu"),
        "message": f"pool cpu may cost 22.40 USD/hour. {CEILING.remedy} Control: FinOps Budgeting ({CONTROL}).",
        "level": "mandatory",
        "place": SourceLocation(path="stacks/environments/dev.yaml", line=64),
        **changed,
    }
    return Refusal(**given)


def make_layer(**changed: object) -> LayerFinding:
    """A layer that was judged by every rule and refused by none."""
    given: dict[str, object] = {
        "layer": "capacity",
        "status": "judged",
        "reason": "a file changed from which its resources follow",
        "program": f"stacks/{changed.get('layer', 'capacity')}.py",
        "ran": frozenset({CEILING.identity, PRIVATE.identity}),
        "seconds": {"base": 1.4, "preview": 1.0, "up": 2.1},
        **changed,
    }
    return LayerFinding(**given)


def make_environment(*layers: LayerFinding, **changed: object) -> EnvironmentFinding:
    given: dict[str, object] = {
        "environment": "dev",
        "layers": layers,
        "rules": (CEILING, PRIVATE),
        "seconds": 21.3,
        **changed,
    }
    return EnvironmentFinding(**given)


def make_finding(*environments: EnvironmentFinding) -> PullRequestFinding:
    return PullRequestFinding(
        base=Revision(label="merge base with origin/main", commit="b" * 40),
        head=Revision(label="working tree", commit="a" * 40, uncommitted_files=2),
        environments=environments,
        seconds=63.0,
    )


def make_mixed() -> PullRequestFinding:
    """Two environments in which everything occurs that a reader is told of."""
    raised = ResourceChange(urn=urn_of("cpu"), operation="replace", paths=("instanceTypes",))
    table = ResourceChange(
        urn=urn_of("demand", kind="aws:dynamodb/table:Table", stack="dev-control"), operation="delete", protected=True
    )
    made = [ResourceChange(urn=urn_of(f"queue-{number}", stack="dev-control"), operation="create") for number in "12"]
    cost = LayerCost(
        components=(ComponentCost(component="cpu", usd_per_month_before=10000.0, usd_per_month_after=14000.0),),
        unpriced=("queue-1 is a new thing, of which nobody has said what it costs",),
    )
    stood_on = make_layer(layer="foundation", status="skipped", reason="no file changed", seconds={"base": 7.1})
    dev = make_environment(
        stood_on,
        make_layer(refusals=(make_refusal(),), changes=(raised,), cost=cost),
        make_layer(layer="platform", new=True, seconds={"preview": 2.0, "up": 6.5}),
        make_layer(
            layer="control", status="failed", changes=(table, *made), error="demand is protected", ran=frozenset()
        ),
        notes=("The base's dev-control does not come up: it never did.",),
    )
    prod = make_environment(
        stood_on,
        make_layer(refusals=(make_refusal(urn=urn_of("cpu", stack="prod-capacity")),), changes=(raised,)),
        make_layer(layer="platform", status="same", reason="declares what the base declares"),
        make_layer(layer="control", status="unreached", reason="capacity below it failed", seconds={}),
        environment="prod",
    )
    guards = (
        GuardChange(guard="rule", what="private-buckets is removed", place=RULES, approvers=("@security",)),
        GuardChange(guard="packs", what="quantos/policy/exposure.py is changed", place=RULES, approvers=("@security",)),
        GuardChange(guard="workflow", what="Makefile is changed", place=SourceLocation(path="Makefile", line=1)),
    )
    return replace(make_finding(dev, prod), guards=guards)
