"""A pull request checked by the real engine: what is refused, what is skipped, and that nothing is left behind."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.project_copy import copy_project, git, processes_in, program_of, start_check

pytestmark = pytest.mark.engine

PUBLIC_BUCKET_AND_UNPRICED_NODES = '''"""What nobody should let through."""

import pulumi
import pulumi_aws as aws


def program(settings):
    """Declare it."""
    foundation = pulumi.StackReference(settings.names().qualified_stack("foundation"))
    leak = aws.s3.Bucket("leak", bucket="quantos-dev-leak", tags=settings.tags())
    aws.s3.BucketPublicAccessBlock("leak-open", bucket=leak.bucket, block_public_acls=False)
    aws.eks.NodeGroup(
        "strange",
        cluster_name=foundation.require_output("cluster_name"),
        node_role_arn=foundation.require_output("node_role_arn"),
        subnet_ids=foundation.require_output("private_subnet_ids").apply(lambda by_zone: sorted(by_zone.values())),
        instance_types=["x9zz.large"],
        scaling_config={"min_size": 1, "max_size": 1, "desired_size": 1},
        tags=settings.tags(),
    )
'''
PUBLIC_BUCKET = '''"""A bucket for everybody."""

import pulumi_aws as aws


def program(settings):
    """Declare it."""
    leak = aws.s3.Bucket("leak", bucket="quantos-dev-leak", tags=settings.tags())
    aws.s3.BucketPublicAccessBlock("leak-open", bucket=leak.bucket, block_public_acls=False)
'''
PRIVILEGED_POD = '''"""A pod that is root on its node."""

import pulumi_kubernetes as kubernetes


def program(settings):
    """Declare it."""
    kubernetes.core.v1.Pod(
        "root",
        metadata={"name": "root", "namespace": "default"},
        spec={"containers": [{"name": "shell", "image": "busybox", "securityContext": {"privileged": True}}]},
    )
'''


@dataclass(frozen=True)
class Checked:
    code: int
    report: dict[str, Any]
    comment: str
    sarif: dict[str, Any]

    def refusals(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self.report["objections"]:
            found.setdefault(one["rule"], []).append(one)
        return found

    def layers(self) -> dict[str, dict[str, Any]]:
        (environment,) = self.report["environments"]
        return {layer["layer"]: layer for layer in environment["layers"]}


def check(project: Path, tmp_path: Path) -> Checked:
    scratch, out = tmp_path / "scratch", tmp_path / "out"
    process = start_check(project, scratch=scratch, out=out)
    _, said = process.communicate(timeout=280)
    assert (out / "report.json").is_file(), said
    assert list(scratch.iterdir()) == []
    assert processes_in(scratch) == []
    comment = (out / "comment.md").read_text(encoding="utf-8")
    _, refused, counted = comment.partition("\n")[0].partition("Refused: ")
    assert not refused or f"refused: {counted}" in said
    return Checked(
        process.returncode,
        json.loads((out / "report.json").read_text(encoding="utf-8")),
        comment,
        json.loads((out / "report.sarif").read_text(encoding="utf-8")),
    )


def check_and_put_back(project: Path, tmp_path: Path) -> Checked:
    """Check a changed project, and leave it as `main` has it."""
    try:
        return check(project, tmp_path)
    finally:
        git(project, "checkout", "-q", "-f", "main")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with `dev` alone, and nothing in the two upper layers."""
    folder = tmp_path_factory.mktemp("pull-request") / "project"
    return copy_project(folder, environments=["dev"], emptied=["platform", "control"])


def test_an_empty_change_passes_with_everything_skipped(project: Path, tmp_path: Path) -> None:
    checked = check(project, tmp_path)
    assert checked.code == 0
    assert {layer["status"] for layer in checked.layers().values()} == {"skipped"}
    assert not any(layer["seconds"] for layer in checked.layers().values())


def test_what_should_not_pass_is_refused_with_remedies(project: Path, tmp_path: Path) -> None:
    git(project, "checkout", "-q", "-b", "bad")
    file = project / "stacks" / "environments" / "dev.yaml"
    text = file.read_text(encoding="utf-8")
    memory = text.index("\n  memory:")
    dearer = text[memory:].replace("ceiling_nodes: 20", "ceiling_nodes: 28", 1)
    dearer = dearer.replace("ceiling_usd_per_hour: 12.0", "ceiling_usd_per_hour: 20.0", 1)
    unpriced = text[:memory].replace("c7i.2xlarge, c6i.2xlarge]", "x9zz.2xlarge]", 1)
    assert len({text, dearer, unpriced}) == 3
    file.write_text(unpriced + dearer, encoding="utf-8")
    program_of(project, "control").write_text(PUBLIC_BUCKET_AND_UNPRICED_NODES)
    program_of(project, "platform").write_text(PRIVILEGED_POD)
    checked = check_and_put_back(project, tmp_path)
    refusals = checked.refusals()
    assert checked.code == 1
    assert checked.report["head"]["uncommitted_files"] == 3
    assert checked.layers()["foundation"]["status"] == "same"
    (in_file,) = refusals["settings/environment-file"]
    assert "x9zz.2xlarge" in in_file["message"]
    (in_program,) = refusals["quantos-cost/priced-instances"]
    assert "x9zz.large" in in_program["message"]
    assert in_program["place"] == {"path": "stacks/control.py", "line": 12}
    assert [one["urn"].rpartition("::")[2] for one in refusals["quantos-security/bucket-public-access-block"]] == [
        "leak-open"
    ]
    (privileged,) = refusals["quantos-security/pod-not-privileged"]
    assert privileged["place"]["path"].startswith("stacks/platform")
    (dear,) = refusals["quantos-cost/cost-increase"]
    assert "40.0%" in dear["message"]
    assert dear["place"]["path"] == "stacks/environments/dev.yaml"
    said = checked.report["objections"]
    assert {one["kind"] for one in said} <= {"violation", "advice", "approval"}
    raised = [one["message"] for one in refusals["guards/limit"]]
    assert any("pools.memory.ceiling_nodes, 20 becomes 28" in message for message in raised)
    of_rules = [one for one in said if one["kind"] == "violation" and one is not in_file]
    assert all(one["remedy"] and one["url"] for one in of_rules)
    assert "Correct the environment file" in in_file["message"]
    assert len(checked.sarif["runs"][0]["results"]) == len(said)
    assert checked.comment.startswith("## ❌ Refused: ")


def test_a_rule_that_the_change_deletes_judges_it_and_is_called_out(project: Path, tmp_path: Path) -> None:
    git(project, "checkout", "-q", "-b", "weaker")
    rules = project / "quantos" / "policy" / "security" / "exposure.py"
    text = rules.read_text(encoding="utf-8")
    begin = text.index('    ResourceRule(\n        name="bucket-public-access-block"')
    end = text.index("    ResourceRule(\n", begin + 1)
    weaker = text[:begin] + text[end:]
    rules.write_text(weaker.replace('if acl not in {"", "private"}:', 'if acl == "public-read":'), encoding="utf-8")
    program_of(project, "control").write_text(PUBLIC_BUCKET)
    git(project, "commit", "-q", "-a", "-m", "weaker")
    checked = check_and_put_back(project, tmp_path)
    refusals = checked.refusals()
    assert checked.code == 1
    (public,) = refusals["quantos-security/bucket-public-access-block"]
    assert public["kind"] == "violation"
    assert public["urn"].endswith("::leak-open")
    assert public["remedy"]
    called_out = {one["message"].partition(",")[0] for one in refusals["guards/rule"]}
    assert called_out == {"bucket-public-access-block is removed", "bucket-no-public-acl is changed"}
    assert {one["kind"] for one in refusals["guards/rule"]} == {"approval"}
    assert "### 🔒 Changes of what guards the project\n\nTo approve by @quantos/security:" in checked.comment
    (environment,) = checked.report["environments"]
    gone = {rule["name"] for rule in environment["base_rules"]} - {rule["name"] for rule in environment["rules"]}
    assert gone == {"bucket-public-access-block"}


def test_an_interrupted_check_leaves_nothing_behind(project: Path, tmp_path: Path) -> None:
    foundation = program_of(project, "foundation")
    foundation.write_text(f"{foundation.read_text(encoding='utf-8')}\nCHANGED = True\n", encoding="utf-8")
    scratch = tmp_path / "scratch"
    process = start_check(project, scratch=scratch, out=tmp_path / "out")
    try:
        for line in process.stderr or ():
            if "dev-foundation: up of the base" in line:
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        git(project, "checkout", "-q", "-f", "main")
    assert process.returncode == 130
    assert list(scratch.iterdir()) == []
    assert processes_in(scratch) == []
