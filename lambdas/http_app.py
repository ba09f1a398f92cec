"""What every function behind the HTTP API shares: routes stay shut without their scope, errors become problems."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from lambdas import problems
from quantos.contracts.base import Contract
from quantos.environment.functions import HTTP_ROUTES
from quantos.environment.settings.functions import FunctionName
from quantos.errors import AccessError, QuantosError


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
        log(str(error), extra={"code": error.code, "status": answer.status_code})
        return answer

    @app.not_found
    def unknown(_error: NotFoundError) -> Response[str]:
        return problems.no_such_route()

    app.use(middlewares=[authorised])
    return app


def document(content: Contract) -> Response[str]:
    """A document of the contracts, as it is."""
    return Response(200, "application/json", content.to_json().decode())
