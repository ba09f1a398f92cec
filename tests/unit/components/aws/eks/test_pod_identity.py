"""Only the pods of one service account take a pod role."""

import json

from components.aws.eks.pod_identity import pod_trust


def test_a_pod_role_is_taken_with_session_tags_and_by_one_service_account_only() -> None:
    (statement,) = json.loads(pod_trust(namespace="argo", service_account="workflows"))["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/kubernetes-namespace": "argo",
        "aws:RequestTag/kubernetes-service-account": "workflows",
    }
