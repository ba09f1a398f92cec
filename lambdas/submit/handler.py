"""Takes what people ask of runs. Trigger: API Gateway, payload format 2.0.

Idempotency key: team, submission id and the digest of what is submitted.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.submit.routes import app, instruments, service

__all__ = ["handler", "service"]


@instruments
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request in API Gateway's form."""
    return app.resolve(event, context)
