"""Who may do what of the functions that take runs, dispatch them, take in what became of them, and sweep."""

from components.aws.iam.function_permissions import Account, listing, using_objects, using_table
from components.aws.iam.places import Places
from components.aws.iam.statements import Statement

_WRITTEN = ("PutItem", "DeleteItem")
"""What transactions do, which IAM counts by what each of their items does."""
_READ = ("BatchGetItem", "Query")


def submitting(account: Account, places: Places) -> tuple[Statement, ...]:
    """Keeping what is submitted and pinning what it reads; showing logs, lineage, and whether its stack is paused."""
    artifacts = places.artifacts_bucket
    return (
        *_going_on(account, places),
        listing(artifacts, sid="ListLineage", prefixes=("lineage/*",)),
        using_objects(
            artifacts,
            ("specs/*", "statements/*", "admissions/*"),
            sid="KeepSubmissions",
            actions=("GetObject", "PutObject"),
        ),
        using_objects(artifacts, ("workspaces/*/log/*",), sid="ReadLogs", actions=("GetObject",)),
        using_objects(artifacts, ("lineage/*",), sid="ReadLineage", actions=("GetObject",)),
        *_reading_statements(places),
        *_tagging_snapshots(account, places),
    )


def dispatching(account: Account, places: Places) -> tuple[Statement, ...]:
    """Going on with runs unless their stack is paused."""
    return _going_on(account, places)


def witnessing(account: Account, places: Places) -> tuple[Statement, ...]:
    """Settling attempts that ended, publishing what they gave, telling lineage."""
    artifacts = places.artifacts_bucket
    given = ("workspaces/*/outputs.json", "workspaces/*/files/*")
    return (
        _rows(account, places),
        listing(artifacts, sid="ListArtifacts"),
        using_objects(artifacts, ("specs/*", "admissions/*", *given), sid="ReadOutputs", actions=("GetObject",)),
        using_objects(artifacts, ("models/*", "reports/*"), sid="Publish", actions=("GetObject", "PutObject")),
        using_objects(artifacts, ("lineage/*",), sid="TellLineage", actions=("PutObject",)),
    )


def sweeping(account: Account, places: Places) -> tuple[Statement, ...]:
    """Going on with every open run unless their stack is paused, and removing what runs left: workspaces, logs, tables
    of results and tags of snapshots, and nothing else.
    """
    artifacts = places.artifacts_bucket
    return (
        *_going_on(account, places),
        listing(artifacts, sid="ListWorkspaces", prefixes=("workspaces/*",)),
        using_objects(artifacts, ("workspaces/*",), sid="RemoveWorkspaces", actions=("DeleteObject",)),
        using_objects(artifacts, ("specs/*", "admissions/*"), sid="ReadSubmissions", actions=("GetObject",)),
        *_tagging_snapshots(account, places),
        *_dropping_results(account, places),
    )


def _going_on(account: Account, places: Places) -> tuple[Statement, ...]:
    return (
        _rows(account, places),
        using_table(account, places.switch_table, sid="ReadSwitch", actions=("GetItem",)),
    )


def _rows(account: Account, places: Places) -> Statement:
    return using_table(account, places.orchestration_table, sid="KeepRows", actions=(*_READ, *_WRITTEN))


def _reading_statements(places: Places) -> tuple[Statement, ...]:
    """SQL under the prefixes of teams, whose buckets are not listed: a key that is not there is answered with 403."""
    prefixes = sorted({prefix.removeprefix("s3://") for prefix in places.statement_prefixes})
    if not prefixes:
        return ()
    resources = tuple(f"arn:aws:s3:::{prefix}*" for prefix in prefixes)
    return (Statement(sid="ReadStatements", actions=("s3:GetObject",), resources=resources),)


def _tagging_snapshots(account: Account, places: Places) -> tuple[Statement, ...]:
    """Looking tables of the lake up and tagging their snapshots, each tag a new metadata file and a new pointer to it.

    IAM asks for the catalog, the database and the table alike where Glue is asked for a table.
    """
    catalog, database = account.arn("glue", "catalog"), account.arn("glue", f"database/{places.lake_database}")
    tables = account.arn("glue", f"table/{places.lake_database}/*")
    metadata = f"{places.tables_prefix}/*/metadata/*"
    return (
        Statement(
            sid="TagTables",
            actions=("glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"),
            resources=(catalog, database, tables),
        ),
        listing(places.lake_bucket, sid="ListTables", prefixes=(f"{places.tables_prefix}/*",)),
        using_objects(places.lake_bucket, (metadata,), sid="WriteMetadata", actions=("GetObject", "PutObject")),
    )


def _dropping_results(account: Account, places: Places) -> tuple[Statement, ...]:
    """Dropping tables that statements of runs made, with their files; Arrow looks at these before it removes them, and
    leaves an empty object in place of a folder's last.
    """
    database = places.results_database
    catalog, tables = account.arn("glue", "catalog"), account.arn("glue", f"table/{database}/*")
    return (
        Statement(
            sid="DropResults",
            actions=("glue:GetTable", "glue:DeleteTable"),
            resources=(catalog, account.arn("glue", f"database/{database}"), tables),
        ),
        using_objects(
            places.lake_bucket,
            (f"{places.tables_prefix}/{database}.db/*",),
            sid="RemoveResults",
            actions=("GetObject", "PutObject", "DeleteObject"),
        ),
    )
