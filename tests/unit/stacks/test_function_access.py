"""What functions may do: nothing broad without a reason, and only what their duty needs."""

from fnmatch import fnmatchcase

import pytest

from components.aws.iam.statements import Statement
from quantos.contracts import topics
from quantos.environment import functions
from quantos.environment.functions import function_table
from stacks.function_access import anchors_refused, statements, variables
from tests.support.environments import make_settings

SETTINGS = make_settings()
MSK = "arn:aws:kafka:us-east-1:123456789012:cluster/quantos-dev/1f2e-7"
DATA_KEY = "arn:aws:kms:us-east-1:123456789012:key/data"
SIGNING_KEY = "arn:aws:kms:us-east-1:123456789012:key/signing"
SPECS = {spec.name: spec for spec in function_table(SETTINGS)}
WITHOUT_RESOURCE = {"SendTraces", "JoinVpc"}


def granted(name: str) -> tuple[Statement, ...]:
    return statements(SETTINGS, SPECS[name], data_key_arn=DATA_KEY, signing_key_arn=SIGNING_KEY, msk_cluster_arn=MSK)


def allowed(name: str, action: str, resource: str) -> bool:
    """IAM's answer: a deny wins, else any allow; conditions are taken as met."""
    matching = [
        statement.effect
        for statement in granted(name)
        if any(fnmatchcase(action, pattern) for pattern in statement.actions)
        and any(fnmatchcase(resource, pattern) for pattern in statement.resources)
    ]
    return "Allow" in matching and "Deny" not in matching


@pytest.mark.parametrize("name", SPECS)
def test_no_statement_is_about_every_resource_but_those_whose_actions_name_none(name: str) -> None:
    broad = {statement.sid for statement in granted(name) if "*" in statement.resources}
    assert broad == WITHOUT_RESOURCE
    assert all(statement.why_wildcard for statement in granted(name) if statement.sid in broad)


@pytest.mark.parametrize("name", SPECS)
def test_no_action_is_a_pattern(name: str) -> None:
    assert not [action for statement in granted(name) for action in statement.actions if "*" in action]


@pytest.mark.parametrize("name", SPECS)
def test_statement_ids_are_unique_in_a_policy(name: str) -> None:
    ids = [statement.sid for statement in granted(name)]
    assert len(ids) == len(set(ids))


def object_arn(purpose: str, key: str) -> str:
    return f"arn:aws:s3:::{SETTINGS.names().bucket(purpose)}/{key}"


def group_arn(group: str) -> str:
    return f"arn:aws:eks:us-east-1:123456789012:nodegroup/quantos-dev/{group}/uuid"


def test_only_resize_moves_the_plan_and_the_pools() -> None:
    for name in SPECS:
        moves = name == functions.RESIZE
        assert allowed(name, "s3:PutObject", object_arn("plans", "current.json")) is moves
        assert allowed(name, "eks:UpdateNodegroupConfig", group_arn("cpu-1a2b")) is moves


def test_the_bucket_refuses_anchors_from_everyone_but_the_role_that_keeps_them() -> None:
    refused = anchors_refused(SETTINGS)
    assert (refused.effect, refused.principals) == ("Deny", {"AWS": ["*"]})
    assert set(refused.actions) == {"s3:PutObject", "s3:DeleteObject"}
    (pattern,) = refused.resources
    assert fnmatchcase(object_arn("audit", "anchors/dev/2026-03-02T14"), pattern)
    assert not fnmatchcase(object_arn("audit", "dev/000000000001"), pattern)
    role = "arn:aws:iam::123456789012:role/quantos-dev-anchor"
    assert refused.conditions == {"ArnNotEquals": {"aws:PrincipalArn": role}}


def test_only_anchor_writes_anchors_and_it_writes_no_link() -> None:
    for name in SPECS:
        assert allowed(name, "s3:PutObject", object_arn("audit", "anchors/dev/2026-03-02T14")) is (
            name == functions.ANCHOR
        )
        for link in ("dev/000000000001", "dev.2/000000000001"):
            assert allowed(name, "s3:PutObject", object_arn("audit", link)) is (name == functions.AUDIT)
    assert not any(
        allowed(name, action, object_arn("audit", key))
        for name in SPECS
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
        for key in ("dev/000000000001", "anchors/dev/2026-03-02T14")
    )


@pytest.mark.parametrize("action", ["eks:DeleteNodegroup", "eks:CreateNodegroup", "eks:UpdateNodegroupVersion"])
def test_resize_changes_sizes_and_nothing_else(action: str) -> None:
    assert not allowed(functions.RESIZE, action, group_arn("cpu-1a2b"))


def test_resize_cannot_touch_the_system_nodes_but_sees_them() -> None:
    assert not allowed(functions.RESIZE, "eks:UpdateNodegroupConfig", group_arn("quantos-dev-system"))
    assert allowed(functions.RESIZE, "eks:DescribeNodegroup", group_arn("quantos-dev-system"))


@pytest.mark.parametrize(
    ("key", "read", "written"),
    [
        (".pulumi/stacks/quantos/dev-capacity.json", True, True),
        (".pulumi/stacks/quantos/dev-capacity.json.bak", True, True),
        (".pulumi/locks/organization/quantos/dev-capacity/1.json", True, True),
        (".pulumi/history/quantos/dev-capacity/dev-capacity-1.history.json", True, True),
        (".pulumi/backups/quantos/dev-capacity/dev-capacity.1.json", True, True),
        (".pulumi/stacks/quantos/dev-foundation.json", True, False),
        (".pulumi/meta.yaml", True, False),
        (".pulumi/stacks/quantos/dev-control.json", False, False),
        (".pulumi/stacks/quantos/prod-capacity.json", False, False),
    ],
)
def test_resize_writes_the_state_of_its_own_stack_only(key: str, read: bool, written: bool) -> None:
    resource = object_arn("state", key)
    assert allowed(functions.RESIZE, "s3:GetObject", resource) is read
    assert allowed(functions.RESIZE, "s3:PutObject", resource) is written


@pytest.mark.parametrize(
    ("key", "read", "written"),
    [
        ("fits/cpu/1a2b/2026-11-21.json", True, True),
        ("strategies.json", True, False),
        ("current.json", False, False),
        ("plans/1a2b.json", False, False),
    ],
)
def test_what_learns_touches_fits_only(key: str, read: bool, written: bool) -> None:
    assert allowed(functions.LEARN, "s3:GetObject", object_arn("plans", key)) is read
    assert allowed(functions.LEARN, "s3:PutObject", object_arn("plans", key)) is written


@pytest.mark.parametrize(
    ("key", "read"),
    [("current.json", True), ("plans/1a2b.json", True), ("strategies.json", False), ("records/1a2b.json.gz", False)],
)
def test_the_api_reads_plans_and_writes_nothing(key: str, read: bool) -> None:
    assert allowed(functions.API, "s3:GetObject", object_arn("plans", key)) is read
    assert not allowed(functions.API, "s3:PutObject", object_arn("plans", key))
    actions = {action for statement in granted(functions.API) for action in statement.actions}
    assert not [action for action in actions if action.startswith(("kafka", "dynamodb", "eks"))]


def test_only_the_forecaster_signs_plans() -> None:
    assert [name for name in SPECS if allowed(name, "kms:GenerateMac", SIGNING_KEY)] == [functions.FORECAST]
    assert [name for name in SPECS if allowed(name, "kms:VerifyMac", SIGNING_KEY)] == [functions.RESIZE]


def test_a_function_reads_its_own_topics_and_writes_their_failure_topics() -> None:
    topic_arn = MSK.replace(":cluster/", ":topic/")
    for name, spec in SPECS.items():
        read = {topic for topic in topics.ALL if allowed(name, "kafka-cluster:ReadData", f"{topic_arn}/{topic}")}
        assert read == {stream.topic for stream in spec.streams}
        for stream in spec.streams:
            assert allowed(name, "kafka-cluster:WriteData", f"{topic_arn}/{stream.failure_topic}")
            writes_own = allowed(name, "kafka-cluster:WriteData", f"{topic_arn}/{stream.topic}")
            assert writes_own is (name == functions.LEARN)


def test_only_the_function_that_runs_the_engine_is_told_where_the_state_is() -> None:
    told = {name: variables(SETTINGS, spec, brokers="b-1:9098,b-2:9098") for name, spec in SPECS.items()}
    assert {name for name in told if "PULUMI_BACKEND_URL" in told[name]} == {functions.RESIZE}
    assert all(seen["QUANTOS_BUS"] == "kafka+iam://b-1:9098,b-2:9098?region=us-east-1" for seen in told.values())


def test_the_robot_reads_the_kill_switch_and_cannot_write_it() -> None:
    table = f"arn:aws:dynamodb:us-east-1:123456789012:table/{SETTINGS.names().switch_table}"
    assert allowed(functions.RESIZE, "dynamodb:GetItem", table)
    writes = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLInsert")
    assert not [(name, action) for name in SPECS for action in writes if allowed(name, f"dynamodb:{action}", table)]
