"""What each function is told and may do, from the environment's names and the foundation's outputs."""

from collections.abc import Mapping

from components.aws.functions.function import lost_calls_queue
from components.aws.iam.function_grants import Traffic, function_statements
from components.aws.iam.function_permissions import Account
from components.aws.iam.places import Places
from components.aws.iam.statements import Statement
from components.aws.storage.bucket import written_only_by
from quantos.contracts import topics
from quantos.environment import functions
from quantos.environment.functions import FunctionSpec
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.functions import FunctionName

WRITES: Mapping[str, tuple[str, ...]] = {
    functions.INGEST: (),
    functions.LEARN: (topics.CAPACITY_LEARNING,),
    functions.FORECAST: (topics.CAPACITY_PLANS, topics.AUDIT_RECORDS),
    functions.RESIZE: (topics.CAPACITY_OUTCOMES, topics.AUDIT_RECORDS),
    functions.SUBMIT: (topics.ORCH_JOBS, topics.AUDIT_RECORDS),
    functions.DISPATCH: (topics.ORCH_JOBS, topics.ORCH_ATTEMPTS, topics.AUDIT_RECORDS),
    functions.RUNS: (topics.ORCH_JOBS, topics.ORCH_ATTEMPTS, topics.AUDIT_RECORDS),
    functions.SWEEP: (
        *(topics.ORCH_JOBS, topics.ORCH_ATTEMPTS, topics.AUDIT_RECORDS),
        *(topics.TELEMETRY_WORKLOAD, topics.TELEMETRY_SIGNAL),
    ),
    functions.AUDIT: (),
    functions.ANCHOR: (),
    functions.API: (),
}
"""Topics a function publishes to by itself, beside the dead-letter topics of its triggers."""

EVIDENCE_PREFIXES = ("models/", "reports/")
"""Where in the artifacts bucket runs' results are published."""

PULUMI_FOLDER = "/tmp/pulumi"  # noqa: S108 - the only folder a function may write to


def schedule_name(function_name: str, stack: str) -> str:
    """Name of the schedule, and its role, which calls a function for one stack."""
    return f"{function_name}-{stack}"


def statements(
    settings: EnvironmentSettings, spec: FunctionSpec, *, data_key_arn: str, signing_key_arn: str, msk_cluster_arn: str
) -> tuple[Statement, ...]:
    """Everything a function may do."""
    names = settings.names()
    function_name = names.function(spec.name)
    traffic = Traffic(
        reads=[stream.topic for stream in spec.streams],
        writes=[*WRITES[spec.name], *(stream.failure_topic for stream in spec.streams)],
        queue=lost_calls_queue(function_name),
    )
    account = Account(
        account_id=settings.account_id,
        region=settings.region,
        data_key_arn=data_key_arn,
        msk_cluster_arn=msk_cluster_arn,
    )
    return function_statements(
        spec.name,
        function_name=function_name,
        account=account,
        places=_places(settings, signing_key_arn),
        traffic=traffic,
    )


def _places(settings: EnvironmentSettings, signing_key_arn: str) -> Places:
    names = settings.names()
    return Places(
        demand_table=names.demand_table,
        audit_table=names.audit_table,
        coordination_table=names.coordination_table,
        switch_table=names.switch_table,
        plans_bucket=names.bucket("plans"),
        audit_bucket=names.bucket("audit"),
        audit_chain=names.audit_chain,
        anchors_prefix=names.anchors_prefix,
        state_bucket=names.state_bucket,
        state_key_alias=names.state_key,
        signing_key_arn=signing_key_arn,
        cluster_name=names.cluster,
        system_group_name=f"{names.cluster}-system",
        capacity_stack=names.stack("capacity"),
        foundation_stack=names.stack("foundation"),
        resize_role=names.function(functions.RESIZE),
        orchestration_table=names.orchestration_table,
        artifacts_bucket=names.bucket("artifacts"),
        lake_bucket=names.bucket("lake"),
        lake_database=names.lake_database,
        results_database=names.results_database,
        tables_prefix=names.tables_prefix,
        statement_prefixes=[prefix for team in settings.platform.teams.values() for prefix in team.statements],
    )


def anchors_refused(settings: EnvironmentSettings) -> Statement:
    """What the audit bucket's policy says of anchors: nobody writes them but the function that keeps them."""
    names = settings.names()
    return written_only_by(
        names.bucket("audit"), (names.anchors_prefix,), role_arn=_role_arn(settings, functions.ANCHOR)
    )


def evidence_refused(settings: EnvironmentSettings) -> Statement:
    """What the artifacts bucket's policy says of what runs gave: it is not the job's to write.

    Nobody publishes models and reports but the function that takes in how attempts ended.
    """
    return written_only_by(
        settings.names().bucket("artifacts"), EVIDENCE_PREFIXES, role_arn=_role_arn(settings, functions.RUNS)
    )


def _role_arn(settings: EnvironmentSettings, function: FunctionName) -> str:
    return f"arn:aws:iam::{settings.account_id}:role/{settings.names().function(function)}"


def variables(settings: EnvironmentSettings, spec: FunctionSpec, *, brokers: str) -> dict[str, str]:
    """The process environment of a function; `brokers` are `host:port` pairs, comma between."""
    shared = {"QUANTOS_ENVIRONMENT": settings.name, "QUANTOS_BUS": f"kafka+iam://{brokers}?region={settings.region}"}
    if spec.name == functions.RESIZE:
        return {**shared, **_engine_variables(settings)}
    return {**shared, **_telling_variables(settings)} if spec.name in functions.ORCHESTRATION else shared


def _telling_variables(settings: EnvironmentSettings) -> dict[str, str]:
    """Whom functions of orchestration tell of runs."""
    runs = settings.platform.runs
    stated = {"QUANTOS_LINEAGE": " ".join(runs.lineage), "OTEL_EXPORTER_OTLP_ENDPOINT": runs.traces or ""}
    return {name: value for name, value in stated.items() if value}


def _engine_variables(settings: EnvironmentSettings) -> dict[str, str]:
    names = settings.names()
    return {
        "PULUMI_BACKEND_URL": f"s3://{names.state_bucket}?region={settings.region}",
        "PULUMI_SECRETS_PROVIDER": f"awskms://{names.state_key}?region={settings.region}",
        "PULUMI_HOME": PULUMI_FOLDER,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
