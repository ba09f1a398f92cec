"""A finding as SARIF 2.1.0, for viewers of code scanning results."""

import hashlib
from collections.abc import Callable

from quantos.pull_request.model import PackRule, PullRequestFinding
from quantos.pull_request.verdict import MANDATORY, Objection, objections

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"
ROOT = "PROJECTROOT"
PageAddress = Callable[[str], str]


def sarif(finding: PullRequestFinding, *, page: PageAddress) -> dict[str, object]:
    """The log as a JSON-able value. `page` turns the path of a page of the project into an absolute address."""
    said = objections(finding)
    known = {rule.identity: rule for found in finding.environments for rule in found.rules}
    rules = [*known.values(), *_unknown({one.rule for one in said} - set(known))]
    order = {rule.identity: number for number, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {"driver": {"name": "quantos pr-check", "rules": [_rule(rule, page) for rule in rules]}},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the project."}}},
                "properties": {"base": finding.base.commit, "head": finding.head.commit},
                "results": [_result(one, order[one.rule]) for one in said],
            }
        ],
    }


def _unknown(names: set[str]) -> list[PackRule]:
    """What objects without being a rule of a pack: the engine, and the reader of environment files."""
    return [
        PackRule(pack=pack, name=name, description=name.replace("-", " "), level="mandatory")
        for pack, _, name in (identity.partition("/") for identity in sorted(names))
    ]


def _rule(rule: PackRule, page: PageAddress) -> dict[str, object]:
    told: dict[str, object] = {
        "id": rule.identity,
        "name": "".join(word.capitalize() for word in (rule.name or rule.pack).split("-")),
        "shortDescription": {"text": rule.description or rule.identity},
        "defaultConfiguration": {"level": _level(refuses=rule.level in MANDATORY)},
    }
    if rule.remedy:
        told["help"] = {"text": rule.remedy}
    if rule.url:
        told["helpUri"] = rule.url if "://" in rule.url else page(rule.url)
    return told


def _result(one: Objection, rule_index: int) -> dict[str, object]:
    text = " ".join(part for part in (f"{one.stack}: {one.message}", one.remedy) if part)
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": one.place.path, "uriBaseId": ROOT},
            "region": {"startLine": one.place.line},
        }
    }
    if one.urn:
        location["logicalLocations"] = [{"fullyQualifiedName": one.urn, "kind": "resource"}]
    identity = "\0".join((one.rule, one.stack, one.urn, one.message))
    return {
        "ruleId": one.rule,
        "ruleIndex": rule_index,
        "level": _level(refuses=one.refuses),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"objection/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _level(*, refuses: bool) -> str:
    return "error" if refuses else "warning"
