"""The control layer: the functions, what triggers them, the API, the tables they keep, and the alarms on it all."""

import pulumi

from components.aws.alarms.alarm_topic import AlarmTopic, AlarmTopicArgs
from components.aws.data.dynamo_table import DynamoTable, DynamoTableArgs, KeyAttribute
from components.aws.functions.function import Function, FunctionArgs
from components.aws.functions.schedule import Schedule, ScheduleArgs
from components.aws.functions.stream_mapping import StreamMapping, StreamMappingArgs
from components.aws.iam.statements import policy_document
from quantos.environment import functions
from quantos.environment.functions import PARTITIONS, FunctionSpec, function_table
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from quantos.telemetry.adapters import hour_sets
from stacks.control_alarms import alarms, consumer_group
from stacks.control_api import http_api
from stacks.control_cost import billing_lake, cost_watch
from stacks.control_layer import ControlLayer
from stacks.function_access import schedule_name, statements, variables


def program(settings: EnvironmentSettings) -> None:
    """Declare the layer. The foundation layer must be up. Raises SettingsError for a bus that no function reads yet."""
    if settings.bus.kind != "msk":
        raise SettingsError(
            f"bus.kind: the functions of {settings.name} cannot read {settings.bus.kind}: it is in the cluster, and"
            " neither a way to its brokers nor its logins are declared for functions",
            remedy="set bus.kind to msk, or bring up the other layers alone with --layer",
        )
    names = settings.names()
    foundation = pulumi.StackReference(names.qualified_stack("foundation"))
    alarm_args = AlarmTopicArgs(
        topic_name=names.alarm_topic,
        account_id=settings.account_id,
        region=settings.region,
        kms_key_arn=foundation.require_output("data_key_arn"),
        tags=settings.tags(),
    )
    layer = ControlLayer(settings=settings, foundation=foundation, alarms=AlarmTopic("alarms", alarm_args))
    specs = function_table(settings)
    made = {spec.name: _function(layer, spec) for spec in specs}
    api = http_api(layer, made, specs)
    alarms(layer, specs)
    cost_watch(layer)
    bill = billing_lake(layer)
    pulumi.export("functions", {name: function.alias_arn for name, function in made.items()})
    pulumi.export("api_endpoint", api.endpoint)
    pulumi.export("api_domain_target", api.domain_target)
    pulumi.export("billing_workgroup", bill.workgroup_name)
    pulumi.export("demand_table", _demand_table(layer).table_name)
    pulumi.export("audit_table", _audit_table(layer).table_name)
    pulumi.export("orchestration_table", _orchestration_table(layer).table_name)
    pulumi.export("alarm_topic_arn", layer.alarms.arn)


def _demand_table(layer: ControlLayer) -> DynamoTable:
    args = DynamoTableArgs(
        table_name=layer.settings.names().demand_table,
        hash_key=KeyAttribute(name=hour_sets.HASH_KEY),
        range_key=KeyAttribute(name=hour_sets.RANGE_KEY),
        ttl_attribute=hour_sets.TTL_ATTRIBUTE,
        kms_key_arn=layer.output("data_key_arn"),
        deletion_protection=layer.settings.deletion_protection,
        tags=layer.settings.tags(),
    )
    return DynamoTable("demand", args)


def _audit_table(layer: ControlLayer) -> DynamoTable:
    return _kept_table(layer, "audit", table_name=layer.settings.names().audit_table)


def _orchestration_table(layer: ControlLayer) -> DynamoTable:
    """Nothing in it expires: an id stands for what was first submitted under it, for as long as the table is there."""
    return _kept_table(layer, "orchestration", table_name=layer.settings.names().orchestration_table)


def _kept_table(layer: ControlLayer, name: str, *, table_name: str) -> DynamoTable:
    args = DynamoTableArgs(
        table_name=table_name,
        hash_key=KeyAttribute(name="pk"),
        range_key=KeyAttribute(name="sk"),
        kms_key_arn=layer.output("data_key_arn"),
        deletion_protection=layer.settings.deletion_protection,
        tags=layer.settings.tags(),
    )
    return DynamoTable(name, args)


def _function(layer: ControlLayer, spec: FunctionSpec) -> Function:
    settings, name = layer.settings, layer.settings.names().function(spec.name)
    arns = pulumi.Output.all(
        data_key_arn=layer.output("data_key_arn"),
        signing_key_arn=layer.output("plan_signing_key_arn"),
        msk_cluster_arn=layer.output("msk_cluster_arn"),
    )
    subnets = layer.foundation.require_output("private_subnet_ids")
    policy = arns.apply(lambda known: policy_document(statements(settings, spec, **known)))
    args = FunctionArgs(
        function_name=name,
        handler=f"{spec.module}.handler",
        image_uri=pulumi.Output.format("{0}@{1}", layer.output("repository_url"), settings.functions.image_digest),
        policy=policy,
        variables=layer.output("msk_bootstrap_brokers").apply(lambda it: variables(settings, spec, brokers=it)),
        timeout_seconds=spec.timeout_seconds,
        memory_mib=settings.functions.memory_mib,
        reserved_concurrency=spec.reserved_concurrency,
        provisioned_concurrency=spec.provisioned_concurrency,
        subnet_ids=subnets.apply(lambda by_zone: sorted(by_zone.values())),
        security_group_id=layer.output("function_security_group_id"),
        kms_key_arn=layer.output("data_key_arn"),
        alarm_topic_arn=layer.alarms.arn,
        log_retention_days=settings.functions.log_retention_days,
        tags=settings.tags(),
        takes_itself_in=settings.account_id if spec.name == functions.RESIZE else None,
    )
    function = Function(spec.name, args)
    _streams(layer, spec, function)
    _schedules(layer, spec, function)
    return function


def _streams(layer: ControlLayer, spec: FunctionSpec, function: Function) -> None:
    """What the function reads of the bus."""
    settings = layer.settings
    name = settings.names().function(spec.name)
    for stream in spec.streams:
        args = StreamMappingArgs(
            alias_arn=function.alias_arn,
            cluster_arn=layer.output("msk_cluster_arn"),
            topic=stream.topic,
            consumer_group=consumer_group(name, stream.topic),
            batch_size=stream.batch_size,
            batching_window_seconds=stream.batching_window_seconds,
            retries=stream.retries,
            failure_topic=stream.failure_topic,
            maximum_pollers=PARTITIONS[stream.topic],
            poller_group=settings.names().prefix,
            tags=settings.tags(),
        )
        StreamMapping(f"{spec.name}-{stream.topic}", args)


def _schedules(layer: ControlLayer, spec: FunctionSpec, function: Function) -> None:
    """When the function is called, and for which stack."""
    settings = layer.settings
    name = settings.names().function(spec.name)
    for schedule in spec.schedules:
        args = ScheduleArgs(
            schedule_name=schedule_name(name, schedule.stack),
            account_id=settings.account_id,
            function_name=name,
            alias_arn=function.alias_arn,
            queue_arn=function.queue_arn,
            interval_seconds=schedule.interval_seconds,
            offset_seconds=schedule.offset_seconds,
            retries=schedule.retries,
            payload={"stack": schedule.stack},
            kms_key_arn=layer.output("data_key_arn"),
            tags=settings.tags(),
        )
        Schedule(f"{spec.name}-{schedule.stack}", args)
