"""What functions may do: nothing broad without a reason, and only what their duty needs."""

from fnmatch import fnmatchcase

import pytest
from pydantic import ValidationError

from components.aws.iam.statements import Statement
from quantos.contracts import topics
from quantos.environment import functions
from quantos.environment.functions import function_table
from quantos.environment.settings.environment import EnvironmentSettings
from stacks.function_access import anchors_refused, evidence_refused, statements, variables
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


def test_the_bucket_refuses_evidence_from_everyone_but_the_role_that_publishes_it() -> None:
    refused = evidence_refused(SETTINGS)
    assert (refused.effect, refused.principals) == ("Deny", {"AWS": ["*"]})
    assert set(refused.actions) == {"s3:PutObject", "s3:DeleteObject"}

    def covers(key: str) -> bool:
        return any(fnmatchcase(object_arn("artifacts", key), pattern) for pattern in refused.resources)

    assert covers("models/p/x-1/model.bin")
    assert covers("reports/research/x/metrics.json")
    assert not covers("workspaces/research/x/1/train/1/files/models/model.bin")
    role = "arn:aws:iam::123456789012:role/quantos-dev-runs"
    assert refused.conditions == {"ArnNotEquals": {"aws:PrincipalArn": role}}


@pytest.mark.parametrize(
    ("key", "read_by", "written_by"),
    [
        ("specs/research/1a2b.json", {functions.SUBMIT, functions.RUNS, functions.SWEEP}, {functions.SUBMIT}),
        ("statements/1a2b.sql", {functions.SUBMIT}, {functions.SUBMIT}),
        ("workspaces/research/x/1/train/1/log/000000.txt", {functions.SUBMIT}, set()),
        ("workspaces/research/x/1/train/1/outputs.json", {functions.RUNS}, set()),
        ("workspaces/research/x/1/train/1/files/model_uri", {functions.RUNS}, set()),
        ("lineage/research/x/1/train/1.START.json", {functions.SUBMIT}, {functions.RUNS}),
        ("models/p/x-1/model.bin", {functions.RUNS}, {functions.RUNS}),
        ("reports/research/x/metrics.json", {functions.RUNS}, {functions.RUNS}),
    ],
)
def test_artifacts_are_read_and_written_by_whose_duty_it_is(key: str, read_by: set[str], written_by: set[str]) -> None:
    resource = object_arn("artifacts", key)
    assert {name for name in SPECS if allowed(name, "s3:GetObject", resource)} == read_by
    assert {name for name in SPECS if allowed(name, "s3:PutObject", resource)} == written_by
    removed_by = {functions.SWEEP} if key.startswith("workspaces/") else set()
    assert {name for name in SPECS if allowed(name, "s3:DeleteObject", resource)} == removed_by
    assert not [name for name in SPECS if allowed(name, "s3:DeleteObjectVersion", resource)]


def test_rows_of_runs_are_the_orchestrating_functions_and_nobody_scans_them() -> None:
    table = f"arn:aws:dynamodb:us-east-1:123456789012:table/{SETTINGS.names().orchestration_table}"
    orchestrating = {functions.SUBMIT, functions.DISPATCH, functions.RUNS, functions.SWEEP}
    for action in ("BatchGetItem", "Query", "PutItem", "DeleteItem"):
        assert {name for name in SPECS if allowed(name, f"dynamodb:{action}", table)} == orchestrating
    for action in ("Scan", "UpdateItem", "DeleteTable"):
        assert not [name for name in SPECS if allowed(name, f"dynamodb:{action}", table)]


def test_only_who_takes_runs_reads_sql_and_that_of_stated_prefixes_only() -> None:
    for key, read in {"sql/bt.sql": True, "secret.sql": False}.items():
        readers = {name for name in SPECS if f"arn:aws:s3:::queries/{key}" in _statements_read(name, key)}
        assert readers == ({functions.SUBMIT} if read else set())


def _statements_read(name: str, key: str) -> set[str]:
    team = SETTINGS.platform.teams["research"].model_copy(update={"statements": ("s3://queries/sql/",)})
    platform = SETTINGS.platform.model_copy(update={"teams": {"research": team}})
    settings = SETTINGS.model_copy(update={"platform": platform})
    stated = statements(settings, SPECS[name], data_key_arn=DATA_KEY, signing_key_arn=SIGNING_KEY, msk_cluster_arn=MSK)
    resource = f"arn:aws:s3:::queries/{key}"
    return {
        resource
        for statement in stated
        if "s3:GetObject" in statement.actions and any(fnmatchcase(resource, each) for each in statement.resources)
    }


def test_without_prefixes_no_sql_is_read_and_no_statement_is_empty() -> None:
    teams = {name: team.model_copy(update={"statements": ()}) for name, team in SETTINGS.platform.teams.items()}
    settings = SETTINGS.model_copy(update={"platform": SETTINGS.platform.model_copy(update={"teams": teams})})
    stated = statements(
        settings, SPECS[functions.SUBMIT], data_key_arn=DATA_KEY, signing_key_arn=SIGNING_KEY, msk_cluster_arn=MSK
    )
    assert "ReadStatements" not in {statement.sid for statement in stated}


def test_only_who_takes_runs_or_clears_them_tags_tables_and_those_of_the_lake_only() -> None:
    lake = "arn:aws:glue:us-east-1:123456789012:table"
    for name in SPECS:
        tags = name in {functions.SUBMIT, functions.SWEEP}
        assert allowed(name, "glue:UpdateTable", f"{lake}/quantos_dev_lake/prices") is tags
        assert not allowed(name, "glue:UpdateTable", f"{lake}/quantos_dev_billing/cur")
        assert not allowed(name, "glue:DeleteTable", f"{lake}/quantos_dev_lake/prices")
        assert allowed(name, "s3:PutObject", object_arn("lake", "tables/prices/metadata/00001.metadata.json")) is tags
        assert not allowed(name, "s3:PutObject", object_arn("lake", "tables/prices/data/part-0.parquet"))
        assert not allowed(name, "s3:GetObject", object_arn("lake", "billing/metadata/x"))


def test_only_who_clears_runs_drops_tables_and_only_what_statements_made() -> None:
    lake, made = "arn:aws:glue:us-east-1:123456789012:table", "quantos_dev_results"
    for name in SPECS:
        drops = name == functions.SWEEP
        assert allowed(name, "glue:DeleteTable", f"{lake}/{made}/result_1a2b") is drops
        assert allowed(name, "s3:DeleteObject", object_arn("lake", f"tables/{made}.db/result_1a2b/data/x")) is drops
        for key in ("tables/quantos_dev_lake.db/prices/data/x", f"tables/{made}.dbs/x", "billing/x"):
            assert not allowed(name, "s3:DeleteObject", object_arn("lake", key))


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
            assert writes_own is (name in {functions.LEARN, functions.DISPATCH})


def test_only_the_function_that_runs_the_engine_is_told_where_the_state_is() -> None:
    told = {name: variables(SETTINGS, spec, brokers="b-1:9098,b-2:9098") for name, spec in SPECS.items()}
    assert {name for name in told if "PULUMI_BACKEND_URL" in told[name]} == {functions.RESIZE}
    assert all(seen["QUANTOS_BUS"] == "kafka+iam://b-1:9098,b-2:9098?region=us-east-1" for seen in told.values())


def test_who_acts_or_says_why_nothing_does_reads_the_kill_switch_and_nobody_writes_it() -> None:
    table = f"arn:aws:dynamodb:us-east-1:123456789012:table/{SETTINGS.names().switch_table}"
    for name in (functions.RESIZE, functions.SUBMIT, functions.DISPATCH, functions.SWEEP):
        assert allowed(name, "dynamodb:GetItem", table)
    writes = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLInsert")
    assert not [(name, action) for name in SPECS for action in writes if allowed(name, f"dynamodb:{action}", table)]


def telling(**runs: object) -> EnvironmentSettings:
    """`dev`, with these settings of runs."""
    return make_settings(platform={**SETTINGS.platform.model_dump(), "runs": runs})


@pytest.mark.parametrize("name", SPECS)
def test_whom_runs_are_told_is_a_variable_of_functions_of_orchestration(name: str) -> None:
    told = {"lineage": ["https://marquez.example", "https://other.example"], "traces": "https://tempo.example"}
    settings = telling(**told)
    given = variables(settings, SPECS[name], brokers="b:9098")
    expected = ("https://marquez.example https://other.example", "https://tempo.example")
    found = (given.get("QUANTOS_LINEAGE"), given.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
    assert found == (expected if name in functions.ORCHESTRATION else (None, None))
    assert not {"QUANTOS_LINEAGE", "OTEL_EXPORTER_OTLP_ENDPOINT"} & set(variables(SETTINGS, SPECS[name], brokers="b:1"))


@pytest.mark.parametrize("url", ["http://marquez.example", "https://marquez.example:5000", "https://me:pw@m.example"])
def test_whom_no_function_reaches_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="lineage"):
        telling(lineage=[url])
