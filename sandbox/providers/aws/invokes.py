"""Functions of the AWS provider."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from sandbox.errors import SandboxError
from sandbox.providers.account import Account
from sandbox.providers.values import Document, Json, items, mapping, text

Invoke = Callable[[Account, Document], Document]


def _only(function: str, given: Document, *, known: frozenset[str]) -> None:
    wrong = sorted(set(given) - known)
    if wrong:
        raise SandboxError(
            f"the AWS stand-in does not model {', '.join(wrong)} of {function}",
            remedy="leave the argument out, or add it to sandbox/providers/aws/invokes.py",
        )


def caller_identity(account: Account, given: Document) -> Document:
    """`aws.get_caller_identity`."""
    _only("getCallerIdentity", given, known=frozenset())
    answer = account.call("sts", "get_caller_identity", {})
    return {
        "id": answer["Account"],
        "accountId": answer["Account"],
        "arn": answer["Arn"],
        "userId": answer["UserId"],
    }


def region(account: Account, given: Document) -> Document:
    """`aws.get_region`."""
    _only("getRegion", given, known=frozenset({"region"}))
    name = text(given.get("region")) or account.region
    names = {"id": name, "name": name, "region": name}
    return {**names, "endpoint": f"ec2.{name}.amazonaws.com", "description": name}


def partition(account: Account, given: Document) -> Document:
    """`aws.get_partition`."""
    _only("getPartition", given, known=frozenset())
    return {
        "id": account.partition,
        "partition": account.partition,
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def availability_zones(account: Account, given: Document) -> Document:
    """`aws.get_availability_zones`."""
    _only("getAvailabilityZones", given, known=frozenset({"state", "region", "excludeNames", "filters"}))
    filters: list[Json] = [
        {"Name": text(mapping(part).get("name")), "Values": mapping(part).get("values")}
        for part in items(given.get("filters"))
    ]
    if given.get("state"):
        filters.append({"Name": "state", "Values": [given["state"]]})
    place = text(given.get("region")) or account.region
    answer = account.call("ec2", "describe_availability_zones", {"Filters": filters}, region=place)
    excluded = {text(part) for part in items(given.get("excludeNames"))}
    zones = sorted(
        (mapping(zone) for zone in items(answer.get("AvailabilityZones"))), key=lambda zone: text(zone["ZoneName"])
    )
    zones = [zone for zone in zones if text(zone["ZoneName"]) not in excluded]
    return {
        **given,
        "id": place,
        "region": place,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": [place],
    }


def _one_or_all(value: Json) -> Json:
    parts = items(value)
    return parts[0] if len(parts) == 1 else sorted(parts, key=text)


def _principals(value: Json) -> Json:
    grouped: dict[str, list[Json]] = {}
    for part in map(mapping, items(value)):
        grouped.setdefault(text(part["type"]), []).extend(items(part.get("identifiers")))
    if grouped == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_all(identifiers) for kind, identifiers in grouped.items()}


def _conditions(value: Json) -> Json:
    tests: dict[str, Json] = {}
    for part in map(mapping, items(value)):
        test = mapping(tests.setdefault(text(part["test"]), {}))
        test[text(part["variable"])] = _one_or_all(part.get("values"))
    return tests


def _statement(given: Mapping[str, Json]) -> Document:
    statement: Document = {"Effect": given.get("effect") or "Allow"}
    if given.get("sid"):
        statement["Sid"] = given["sid"]
    for name, member in (("actions", "Action"), ("resources", "Resource")):
        if given.get(name):
            statement[member] = _one_or_all(given[name])
        if given.get(f"not{name.capitalize()}"):
            statement[f"Not{member}"] = _one_or_all(given[f"not{name.capitalize()}"])
    if given.get("principals"):
        statement["Principal"] = _principals(given["principals"])
    if given.get("notPrincipals"):
        statement["NotPrincipal"] = _principals(given["notPrincipals"])
    if given.get("conditions"):
        statement["Condition"] = _conditions(given["conditions"])
    return statement


def policy_document(account: Account, given: Document) -> Document:
    """`aws.iam.get_policy_document`."""
    del account
    _only("getPolicyDocument", given, known=frozenset({"statements", "version", "policyId"}))
    statements: list[Json] = [_statement(mapping(part)) for part in items(given.get("statements"))]
    document: Document = {"Version": given.get("version") or "2012-10-17", "Statement": statements}
    if given.get("policyId"):
        document["Id"] = given["policyId"]
    rendered = json.dumps(document, indent=2)
    digest = str(int(hashlib.sha256(rendered.encode()).hexdigest()[:8], 16))
    return {**given, "id": digest, "json": rendered, "minifiedJson": json.dumps(document, separators=(",", ":"))}


INVOKES: Mapping[str, Invoke] = {
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getRegion:getRegion": region,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
}
