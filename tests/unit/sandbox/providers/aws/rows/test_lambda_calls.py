"""What AWS refuses of HTTP APIs, and what the stand-in does not hold, is refused before anything is made."""

import pytest

from sandbox.providers.aws.rows.apigatewayv2 import API, DOMAIN, INTEGRATION, ROUTE, STAGE
from sandbox.providers.aws.rows.lambda_calls import PROVISIONED_CONCURRENCY

REGIONAL = {"endpointType": "REGIONAL", "securityPolicy": "TLS_1_2", "certificateArn": "arn"}


@pytest.mark.parametrize(
    ("row", "inputs", "paths"),
    [
        (API, {"protocolType": "HTTP"}, []),
        (API, {"protocolType": "WEBSOCKET"}, ["protocolType"]),
        (ROUTE, {"authorizationType": "JWT", "authorizerId": "a"}, []),
        (ROUTE, {"authorizationType": "JWT"}, ["authorizerId"]),
        (ROUTE, {"requestParameters": [{"requestParameterKey": "a"}]}, ["requestParameters"]),
        (INTEGRATION, {"responseParameters": [{"statusCode": "200"}]}, ["responseParameters"]),
        (STAGE, {"defaultRouteSettings": {"throttlingBurstLimit": 1}}, []),
        (STAGE, {"defaultRouteSettings": {"loggingLevel": "INFO"}}, ["defaultRouteSettings.loggingLevel"]),
        (DOMAIN, {"domainNameConfiguration": REGIONAL}, []),
        (
            DOMAIN,
            {"domainNameConfiguration": {**REGIONAL, "securityPolicy": "TLS_1_0"}},
            ["domainNameConfiguration.securityPolicy"],
        ),
        (PROVISIONED_CONCURRENCY, {"qualifier": "live"}, []),
        (PROVISIONED_CONCURRENCY, {"qualifier": "$LATEST"}, ["qualifier"]),
    ],
)
def test_refusals(row, inputs: dict, paths: list[str]) -> None:
    assert [failure.path for failure in row.refusals(inputs)] == paths
