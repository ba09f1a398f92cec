"""What every function behind the HTTP API shares: routes stay shut without their scope, errors become problems."""

import base64
from collections.abc import Container
from http import HTTPStatus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from lambdas import problems
from quantos.contracts.base import Contract
from quantos.environment.functions import HTTP_ROUTES
from quantos.environment.settings.functions import FunctionName
from quantos.errors import AccessError, QuantosError, RequestError
from quantos.orchestration.submission.ports import Caller


def http_app(function: FunctionName, logger: Logger) -> APIGatewayHttpResolver:
    """A resolver for the routes that `function` answers.

    The gateway has checked the token's signature, issuer, audience and scopes; the scope is looked at once more here,
    so that a route which was set up without an authorizer stays shut.
    """
    scopes = {route.key: route.scope for route in HTTP_ROUTES if route.function == function}
    app = APIGatewayHttpResolver()

    def authorised(resolver: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[str]:
        key = resolver.current_event.route_key
        if key not in scopes:
            return problems.no_such_route()
        authorizer = resolver.current_event.request_context.authorizer
        scope = scopes[key]
        if not authorizer.jwt_claim or (scope and scope not in (authorizer.jwt_scopes or ())):
            needed = f"a token with the scope {scope}" if scope else "a valid token"
            raise AccessError(f"{key} needs {needed}", remedy="ask the platform team for one")
        return next_middleware(resolver)

    @app.exception_handler(QuantosError)
    def failed(error: QuantosError) -> Response[str]:
        answer = problems.problem(error)
        log = logger.error if answer.status_code >= 500 else logger.info
        log(str(error).partition("\n")[0], extra={"code": error.code, "status": answer.status_code})
        return answer

    @app.not_found
    def unknown(_error: NotFoundError) -> Response[str]:
        """The resolver knows no path with a sign such as a quotation mark in a name, whatever the gateway's route."""
        names = app.current_event.path_parameters if app.current_event.route_key in scopes else {}
        return problems.no_such_name(" ".join(names.values())) if names else problems.no_such_route()

    app.use(middlewares=[authorised])
    return app


def document(content: Contract, *, status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
    """A document of the contracts, as it is."""
    return Response(status, "application/json", content.to_json().decode())


def team_caller(event: APIGatewayProxyEventV2, *, claim: str, teams: Container[str]) -> Caller:
    """Who asks, by the token that the gateway has checked; `claim` is that which names the team.

    Raises:
        AccessError: the token names no team of the environment, or nobody.
    """
    claims = event.request_context.authorizer.jwt_claim or {}
    team, subject = claims.get(claim), claims.get("sub")
    if not isinstance(team, str) or team not in teams:
        raise AccessError(
            f"the token's claim {claim} names no team of this environment", remedy="log in as a member of a team"
        )
    if not isinstance(subject, str) or not subject:
        raise AccessError("the token names nobody: it has no sub", remedy="log in as a person or a service")
    return Caller(team=team, subject=subject)


def body_of(event: APIGatewayProxyEventV2) -> bytes:
    """The body of a request, empty where it has none. Raises RequestError for one that is not as it is said to be."""
    text = event.get("body") or ""
    if not event.is_base64_encoded:
        return text.encode(errors="surrogateescape")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise RequestError(f"the body is not base64: {exc}", remedy="send the document as it is") from exc


def flag(event: APIGatewayProxyEventV2, name: str) -> bool:
    """A query parameter that is `true` or `false`, or left out. Raises RequestError for anything else."""
    text = event.query_string_parameters.get(name, "false")
    if text not in {"true", "false"}:
        raise RequestError(f"{name} is {text[:40]!r}, and may be true or false", remedy="correct the request")
    return text == "true"


def number(event: APIGatewayProxyEventV2, name: str, *, default: int, most: int) -> int:
    """A query parameter that is a whole number from 1 to `most`, or left out. Raises RequestError for anything else."""
    text = event.query_string_parameters.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or not 1 <= int(text) <= most:
        raise RequestError(f"{name} is {text[:40]!r}, and may be from 1 to {most}", remedy="correct the request")
    return int(text)
