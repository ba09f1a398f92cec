"""A finding as a JSON document: everything, with the verdict and what is said against the pull request."""

import json

from pydantic import TypeAdapter

from quantos.pull_request.model import PullRequestFinding
from quantos.pull_request.verdict import Objection, objections, passes

SCHEMA_VERSION = 1
_FINDING = TypeAdapter(PullRequestFinding)
_OBJECTIONS = TypeAdapter(tuple[Objection, ...])


def document(finding: PullRequestFinding) -> str:
    """The document, keys in order."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "passes": passes(finding),
        "objections": _OBJECTIONS.dump_python(objections(finding), mode="json"),
        **_FINDING.dump_python(finding, mode="json"),
    }
    return json.dumps(content, indent=1, sort_keys=True)
