"""Requests as AWS sees them, read into the permissions that they need, and policies that answer them as IAM does.

Permissions by operation: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import parse_qs, unquote, urlsplit

REGION, ACCOUNT = "us-east-1", "123456789012"
DECRYPTING = "the key of ciphertexts"
"""Stands among aliases for the key of requests that name none."""
NEVER_A_CALL_OF_A_FUNCTION = {
    "WriteOwnLog": "Lambda writes what the function prints",
    "SendTraces": "Lambda's own daemon sends traces",
    "JoinVpc": "Lambda makes and drops the function's network interfaces",
    "UseDataKey": "services decrypt and encrypt with it on the caller's behalf, which no request shows",
    "FindBrokers": "the event source mapping finds the brokers",
    "ReadTopics": "the event source mapping reads the topics",
    "JoinGroups": "the event source mapping keeps its place in them",
    "ConnectToBus": "librdkafka connects, over Kafka's own protocol",
    "ListPlans": "tells a key that is not there from one that is forbidden",
    "KeepLostCalls": "Lambda keeps asynchronous calls that came to nothing",
    "ListArtifacts": "tells a key that is not there from one that is forbidden",
    "ListTables": "Arrow, by which pyiceberg reads and writes metadata of tables, asks by a client of its own",
    "WriteMetadata": "Arrow again",
    "RemoveResults": "Arrow again",
    "WriteTopics kafka-cluster:DescribeTopic": "librdkafka asks for a topic's partitions before it writes",
}
"""What roles allow though no function asks for it, by statement or by part of one, each with the reason."""
FREE = {"sts:GetCallerIdentity"}
"""Operations that need no permission."""


@dataclass(frozen=True)
class Request:
    """One HTTP request to AWS, signed."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def service(self) -> str:
        scope = re.search(r"Credential=[^/]*/\d+/[^/]+/([^/]+)/aws4_request", self._header("authorization"))
        assert scope, f"{self.method} {self.url} is not signed"
        return scope[1]

    @property
    def operation(self) -> str:
        return self._header("x-amz-target").rpartition(".")[2]

    @property
    def copied(self) -> str:
        return unquote(self._header("x-amz-copy-source")).lstrip("/")

    def document(self) -> dict[str, object]:
        return json.loads(self.body or b"{}")

    def _header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name), "")


@dataclass(frozen=True)
class Need:
    """An action on a resource; `context` has the condition keys that the request carries."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


def needs(request: Request, *, aliases: Mapping[str, str]) -> Iterator[Need]:
    """The permissions that a request needs. `aliases` are KMS keys by alias. Fails on a request it cannot read.

    A key is known by any of its names; a request to decrypt names none, since the ciphertext does (`DECRYPTING`).
    """
    reader = _READERS.get(request.service)
    assert reader, f"{request.service} is called and nobody says what for: {request.method} {request.url}"
    for need in reader(request):
        if need.action.startswith("kms:"):
            named = need.resource or aliases[DECRYPTING]
            key = aliases.get(named, named.rpartition("/")[2])
            known_as = tuple(alias for alias, of in aliases.items() if of == key)
            yield Need(need.action, _arn("kms", f"key/{key}"), {"kms:ResourceAliases": known_as})
        elif need.action not in FREE:
            yield need


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _s3(request: Request) -> Iterator[Need]:
    parts = urlsplit(request.url)
    host, path = parts.hostname or "", unquote(parts.path)
    bucket, _, key = (f"{host.partition('.s3.')[0]}{path}" if ".s3." in host else path.lstrip("/")).partition("/")
    query = parse_qs(parts.query, keep_blank_values=True)
    if not key and request.method == "POST" and "delete" in query:
        for removed in re.findall(r"<Key>([^<]*)</Key>", request.body.decode()):
            yield Need("s3:DeleteObject", f"arn:aws:s3:::{bucket}/{removed}")
        return
    if not key:
        assert request.method in {"GET", "HEAD"}, f"{request.method} {request.url}"
        assert not query.keys() & {"versions", "versioning", "policy"}, request.url
        prefix = {"s3:prefix": tuple(query["prefix"])} if query.get("prefix", [""])[0] else {}
        yield Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", prefix)
        return
    version = "Version" if "versionId" in query else ""
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}[request.method]
    yield Need(f"s3:{verb}Object{version}", f"arn:aws:s3:::{bucket}/{key}")
    if request.copied:
        yield Need("s3:GetObject", f"arn:aws:s3:::{request.copied.partition('?')[0]}")


_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
"""What IAM asks of a transaction: a permission an item, and none of the transaction."""


def _dynamodb(request: Request) -> Iterator[Need]:
    document = request.document()
    if isinstance(transaction := document.get("TransactItems"), list):
        for item in transaction:
            ((kind, part),) = item.items()
            yield Need(f"dynamodb:{_TRANSACTED[kind]}", _arn("dynamodb", f"table/{part['TableName']}"))
        return
    tables = document.get("RequestItems") or [document["TableName"]]
    assert isinstance(tables, dict | list)
    for table in tables:
        yield Need(f"dynamodb:{request.operation}", _arn("dynamodb", f"table/{table}"))


def _glue(request: Request) -> Iterator[Need]:
    """The catalog, the database and the table are all asked for."""
    document = request.document()
    database = document.get("DatabaseName", document.get("Name"))
    table = document.get("Name") if "DatabaseName" in document else None
    if isinstance(stated := document.get("TableInput"), dict):
        table = stated["Name"]
    places = ["catalog", f"database/{database}", *([f"table/{database}/{table}"] if table else [])]
    for place in places:
        yield Need(f"glue:{request.operation}", _arn("glue", place))


def _kms(request: Request) -> Iterator[Need]:
    yield Need(
        f"kms:{request.operation}", re.sub(r"^arn:[^/]*:(?=alias/|key/)", "", str(request.document().get("KeyId", "")))
    )


_NODE_GROUPS: Mapping[tuple[str, str], str] = {
    ("GET", ""): "DescribeNodegroup",
    ("POST", "update-config"): "UpdateNodegroupConfig",
    ("POST", "update-version"): "UpdateNodegroupVersion",
    ("DELETE", ""): "DeleteNodegroup",
}


def _eks(request: Request) -> Iterator[Need]:
    parts = urlsplit(request.url)
    _, cluster, *rest = [unquote(step) for step in parts.path.strip("/").split("/")]
    whole = _arn("eks", f"cluster/{cluster}")
    if not rest:
        yield Need("eks:DescribeCluster", whole)
    elif rest[0] == "updates":
        group = parse_qs(parts.query)["nodegroupName"][0]
        yield Need("eks:DescribeUpdate", _arn("eks", f"nodegroup/{cluster}/{group}/uuid"))
    elif len(rest) == 1:
        yield Need("eks:ListNodegroups" if request.method == "GET" else "eks:CreateNodegroup", whole)
    else:
        _, group, *operation = rest
        name = _NODE_GROUPS[request.method, "".join(operation)]
        yield Need(f"eks:{name}", _arn("eks", f"nodegroup/{cluster}/{group}/uuid"))


def _query(request: Request) -> Iterator[Need]:
    fields = parse_qs(request.body.decode())
    yield Need(f"{request.service}:{fields['Action'][0]}", fields.get("RoleArn", ["*"])[0])


_READERS = {
    "s3": _s3,
    "dynamodb": _dynamodb,
    "glue": _glue,
    "kms": _kms,
    "eks": _eks,
    "sts": _query,
    "autoscaling": _query,
}
Statement = Mapping[str, object]


def allows(statement: Statement, need: Need) -> bool:
    """Whether a statement speaks of what is needed: action, resource and conditions."""
    return (
        any(fnmatchcase(need.action, action) for action in _texts(statement["Action"]))
        and any(fnmatchcase(need.resource, resource) for resource in _texts(statement["Resource"]))
        and _conditions_hold(statement, need)
    )


def granted(policy: Sequence[Statement], need: Need) -> bool:
    """IAM's answer: a deny wins, else any allow."""
    effects = [statement["Effect"] for statement in policy if allows(statement, need)]
    return "Allow" in effects and "Deny" not in effects


def _conditions_hold(statement: Statement, need: Need) -> bool:
    conditions = statement.get("Condition", {})
    assert isinstance(conditions, Mapping)
    return all(
        _holds(operator, need.context.get(key, ()), _texts(wanted))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, found: Sequence[str], wanted: Sequence[str]) -> bool:
    if operator.endswith("IfExists") and not found:
        return True
    plain = operator.removesuffix("IfExists").removeprefix("ForAnyValue:")
    assert plain in {"StringEquals", "StringLike"}, f"nobody says what {operator} means"
    matches = fnmatchcase if plain == "StringLike" else str.__eq__
    return any(matches(value, pattern) for value in found for pattern in wanted)


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value] if isinstance(value, list) else []


def unused(policy: Sequence[Statement], used: Sequence[Need], *, besides: Mapping[str, str]) -> set[str]:
    """`<sid> <action>` and `<sid> <resource>` of everything allowed that no call needed.

    What `besides` names, a statement by its `<sid>` or a part of it as here, is let off; its values are the reasons.
    """
    found: set[str] = set()
    for statement in policy:
        if statement["Effect"] == "Deny" or statement["Sid"] in besides:
            continue
        mine = [need for need in used if allows(statement, need)]
        for action in _texts(statement["Action"]):
            if not any(fnmatchcase(need.action, action) for need in mine):
                found.add(f"{statement['Sid']} {action}")
        for resource in _texts(statement["Resource"]):
            if not any(fnmatchcase(need.resource, resource) for need in mine):
                found.add(f"{statement['Sid']} {resource}")
    return found - set(besides)
