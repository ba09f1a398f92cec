"""The EKS stand-in's components against the installed SDK: an output it adds must not go missing here."""

import json

import pytest

from sandbox.providers.eks.access import check_mode, role_mappings
from sandbox.providers.eks.addons import CNI_VARIABLES, cni_configuration
from sandbox.providers.eks.cluster import Cluster
from sandbox.providers.eks.component import EksComponent
from sandbox.providers.eks.kubeconfig import kubeconfig
from sandbox.providers.eks.provider import COMPONENTS, EksProvider
from sandbox.providers.schema import SdkSchemas


@pytest.fixture(scope="module")
def schemas() -> SdkSchemas:
    return SdkSchemas("pulumi_eks")


@pytest.mark.parametrize("component", COMPONENTS.values(), ids=lambda component: component.__name__)
def test_a_component_has_exactly_the_outputs_which_the_sdk_declares(
    component: type[EksComponent], schemas: SdkSchemas
) -> None:
    assert set(schemas.type(component.TOKEN).outputs) == component.OUTPUTS


def test_core_has_exactly_the_fields_which_the_sdk_declares(schemas: SdkSchemas) -> None:
    assert set(schemas.fields("|outputs|CoreData")) == Cluster.CORE


@pytest.mark.parametrize("component", COMPONENTS.values(), ids=lambda component: component.__name__)
def test_no_component_takes_an_input_which_the_sdk_does_not_have(
    component: type[EksComponent], schemas: SdkSchemas
) -> None:
    assert set(schemas.type(component.TOKEN).inputs) >= component.MODELLED


@pytest.mark.parametrize(
    ("token", "inputs", "reason"),
    [
        pytest.param("eks:index:NodeGroupV2", {}, "no component eks:index:NodeGroupV2; add a class", id="component"),
        pytest.param(Cluster.TOKEN, {"skipDefaultNodeGroup": True, "fargate": True}, "fargate: the EKS", id="input"),
        pytest.param(Cluster.TOKEN, {}, "makes no default node group", id="default-nodes"),
        pytest.param("eks:index:Addon", {"addonName": "x"}, "missing required property cluster", id="missing"),
    ],
)
def test_what_is_not_modelled_is_refused_by_name(
    token: str, inputs: dict[str, object], reason: str, schemas: SdkSchemas
) -> None:
    with pytest.raises(ValueError, match=reason):
        EksProvider(schemas).construct("main", token, inputs)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"accessEntries": {"a": {}}}, "accessEntries needs an authenticationMode that includes API"),
        ({"authenticationMode": "API", "roleMappings": [{}]}, "roleMappings needs .* CONFIG_MAP"),
    ],
)
def test_access_must_fit_the_mode(given: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_mode(given)


def test_mappings_are_what_aws_auth_reads() -> None:
    reader = {"roleArn": "arn:r", "username": "r", "groups": ["g"]}
    given, node = json.loads(role_mappings([reader], ["arn:n"]))
    assert given == {"rolearn": "arn:r", "username": "r", "groups": ["g"]}
    assert node["rolearn"] == "arn:n"
    assert node["groups"] == ["system:bootstrappers", "system:nodes"]


def test_settings_of_the_network_plugin_reach_its_environment() -> None:
    assert set(CNI_VARIABLES.values()) >= {"WARM_IP_TARGET"}
    found = cni_configuration(
        {
            "warmIpTarget": 5.0,
            "enablePodEni": True,
            "enableNetworkPolicy": False,
            "configurationValues": {"env": {"AWS_VPC_ENI_MTU": "1500"}, "init": {"image": "x"}},
        }
    )
    assert found["env"]["WARM_IP_TARGET"] == "5"
    assert found["env"]["ENABLE_POD_ENI"] == "true"
    assert found["env"]["AWS_VPC_ENI_MTU"] == "1500"
    assert found["env"]["WARM_ENI_TARGET"] == "1"
    assert found["enableNetworkPolicy"] == "false"
    assert found["init"] == {"image": "x", "env": {"DISABLE_TCP_EARLY_DEMUX": "false"}}


def test_a_kubeconfig_asks_for_its_token_by_the_aws_command() -> None:
    made = kubeconfig("dev", endpoint="https://e", certificate="Y2E=", region="us-east-1", role_arn="r", profile="p")
    command = made["users"][0]["user"]["exec"]
    assert command["args"] == [
        *("--region", "us-east-1", "eks", "get-token", "--cluster-name", "dev", "--output", "json"),
        *("--role", "r", "--profile", "p"),
    ]
    assert json.loads(command["env"][0]["value"])["apiVersion"] == command["apiVersion"]
