"""A finding as SARIF 2.1.0, for viewers of code scanning results."""

import hashlib
from collections.abc import Callable

from quantos.pull_request.model import PackRule, PullRequestFinding
from quantos.pull_request.verdict import MANDATORY, Objection, objections, rules_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"
ROOT = "PROJECTROOT"
PageAddress = Callable[[str], str]


def sarif(finding: PullRequestFinding, *, page: PageAddress) -> dict[str, object]:
    """The log as a JSON-able value. `page` turns the path of a page of the project into an absolute address."""
    said = objections(finding)
    known = {identity: rule for each in finding.environments for identity, rule in rules_of(each).items()}
    rules = [*known.values(), *_unknown({objection.rule for objection in said} - set(known))]
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
                "results": [_result(objection, order[objection.rule]) for objection in said],
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
    descriptor: dict[str, object] = {
        "id": rule.identity,
        "name": "".join(word.capitalize() for word in (rule.name or rule.pack).split("-")),
        "shortDescription": {"text": rule.description or rule.identity},
        "defaultConfiguration": {"level": _level(refuses=rule.level in MANDATORY)},
    }
    if rule.remedy:
        descriptor["help"] = {"text": rule.remedy}
    if rule.url:
        descriptor["helpUri"] = rule.url if "://" in rule.url else page(rule.url)
    return descriptor


def _result(objection: Objection, rule_index: int) -> dict[str, object]:
    text = " ".join(part for part in (f"{objection.stack}: {objection.message}", objection.remedy) if part)
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": objection.place.path, "uriBaseId": ROOT},
            "region": {"startLine": objection.place.line},
        }
    }
    if objection.urn:
        location["logicalLocations"] = [{"fullyQualifiedName": objection.urn, "kind": "resource"}]
    identity = "\0".join((objection.rule, objection.stack, objection.urn, objection.message))
    return {
        "ruleId": objection.rule,
        "ruleIndex": rule_index,
        "level": _level(refuses=objection.refuses),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"objection/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _level(*, refuses: bool) -> str:
    return "error" if refuses else "warning"
