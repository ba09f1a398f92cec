"""Answers the HTTP API. Trigger: API Gateway, payload format 2.0. Idempotency key: none, it only reads."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import runtime
from lambdas.http_app import document, http_app
from lambdas.instruments import Instruments
from quantos.capacity.adapters.stores import compose_reader
from quantos.capacity.reporting.queries import CapacityReader
from quantos.environment.functions import API

instruments = Instruments("api", correlation_path=API_GATEWAY_HTTP)
app = http_app(API, instruments.logger)


def _compose(current: runtime.Runtime) -> CapacityReader:
    return compose_reader(current.settings)


service = runtime.PerRuntime(_compose)


@app.get("/api/health")
def health() -> dict[str, str]:
    """That the function runs and knows its environment; no store is asked."""
    return {"status": "ok", "environment": runtime.current().settings.name}


@app.get("/api/capacity/<stack>")
def current(stack: str) -> Response[str]:
    """The applied plan document: sizes, plan id, sequence."""
    return document(service().current(stack))


@app.get("/api/capacity/<stack>/plans/<plan_id>")
def plan(stack: str, plan_id: str) -> Response[str]:
    """A plan with its explanation."""
    return document(service().plan(stack, plan_id))


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request in API Gateway's form."""
    return app.resolve(event, context)
