"""What the Kubernetes stand-in does with answers that a healthy cluster does not give on demand."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from urllib3.exceptions import NewConnectionError

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes.api_server import ApiServer, ApiServerError
from sandbox.providers.kubernetes.cluster_objects import DISCOVERY_SECONDS, ClusterObjects
from sandbox.providers.kubernetes.kinds import KindOfObject
from sandbox.providers.kubernetes.objects import ObjectState, Wanted
from sandbox.providers.values import UNKNOWN

WIDGET = KindOfObject("kubernetes:example.dev/v1:Widget", "example.dev/v1", "Widget", custom=True)
MANIFEST = {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"name": "a"}}
SERVED = {"resources": [{"kind": "Widget", "name": "widgets", "namespaced": True}, {"kind": "X", "name": "widgets/x"}]}
NOT_FOUND = {"reason": "NotFound", "message": "the server could not find the requested resource"}


@dataclass
class ScriptedClient:
    """Answers requests in order, and keeps what it was asked."""

    answers: list[tuple[int, object]]
    asked: list[tuple[str, str]] = field(default_factory=list)
    configuration: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(host="https://cluster"))

    def update_params_for_auth(self, *given: object) -> None:
        """No credentials."""

    def call_api(self, method: str, url: str, headers: object, body: object, **more: object) -> SimpleNamespace:
        self.asked.append((method, url.removeprefix("https://cluster")))
        status, answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return SimpleNamespace(status=status, read=lambda: content)


@dataclass
class Hours:
    """Time that passes only while somebody waits."""

    seconds: float = 0.0

    def now_seconds(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> bool:
        self.seconds += seconds
        return False


def objects(client: ScriptedClient, waiting: Hours | None = None) -> ClusterObjects:
    return ClusterObjects(
        server=ApiServer(client),
        default_namespace="apps",
        force_conflicts=False,
        upsert=False,
        waiting=waiting or Hours(),
    )


def test_a_kind_that_is_served_late_is_waited_for() -> None:
    made = {**MANIFEST, "metadata": {"name": "a", "namespace": "apps", "uid": "u"}}
    client = ScriptedClient(
        [(404, NOT_FOUND), (404, NOT_FOUND), (200, SERVED), (404, NOT_FOUND), (200, made), (200, made)]
    )
    state = objects(client).create(Wanted(kind=WIDGET, manifest=MANIFEST, urn="urn"))
    assert state["metadata"]["uid"] == "u"
    applied = "/apis/example.dev/v1/namespaces/apps/widgets/a?fieldManager=pulumi-kubernetes-"
    assert client.asked[4][0] == "PATCH"
    assert client.asked[4][1].startswith(applied)


def test_a_kind_that_is_never_served_is_refused_with_what_to_do() -> None:
    waiting, client = Hours(), ScriptedClient([(404, NOT_FOUND)] * 200)
    with pytest.raises(SandboxError) as caught:
        objects(client, waiting).create(Wanted(kind=WIDGET, manifest=MANIFEST, urn="urn"))
    assert "serves no Widget of example.dev/v1" in caught.value.what
    assert "CustomResourceDefinition" in caught.value.remedy
    assert waiting.seconds == pytest.approx(DISCOVERY_SECONDS, abs=0.3)


def test_a_preview_of_an_unserved_kind_or_a_missing_namespace_refuses_nothing() -> None:
    absent = {"reason": "NotFound", "message": 'namespaces "apps" not found', "details": {"kind": "namespaces"}}
    client = ScriptedClient([(404, NOT_FOUND), (200, SERVED), (404, absent), (404, absent)])
    place = objects(client)
    wanted = Wanted(kind=WIDGET, manifest=MANIFEST, urn="urn", preview=True)
    for _ in range(2):
        assert place.create(wanted)["metadata"]["uid"] == UNKNOWN
    assert client.asked[-1][1].endswith("dryRun=All")


def test_a_cluster_that_does_not_answer_is_an_error_and_not_an_empty_one() -> None:
    gone = NewConnectionError(None, "connection refused")
    client = ScriptedClient([(0, gone)])
    with pytest.raises(ApiServerError, match="https://cluster cannot be reached") as caught:
        objects(client).read(ObjectState(kind=WIDGET, identifier="apps/a", urn="urn", state={}))
    assert caught.value.status == 0


def test_an_answer_that_is_no_json_is_told_as_it_is() -> None:
    client = ScriptedClient([(502, b"<html>bad gateway</html>")])
    with pytest.raises(ApiServerError, match="bad gateway"):
        objects(client).read(ObjectState(kind=WIDGET, identifier="apps/a", urn="urn", state={}))


def test_an_object_whose_kind_is_gone_is_gone() -> None:
    client = ScriptedClient([(404, NOT_FOUND), (404, NOT_FOUND)])
    held = ObjectState(kind=WIDGET, identifier="apps/a", urn="urn", state={})
    assert objects(client).read(held) is None
    objects(client).delete(held)
