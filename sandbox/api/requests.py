"""Requests as API Gateway's HTTP APIs hand them to a function, payload format 2.0.

Source: Amazon API Gateway developer guide, "Working with AWS Lambda proxy integrations for HTTP APIs". That the whole
path is decoded before a route is looked for, and handed on so as `rawPath`, is from events of real gateways.
"""

import base64
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import JsonValue

from quantos.environment.functions import HttpRoute
from sandbox.events.events import Event

_TEXT: Final = ("application/json", "application/yaml", "text/")


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request as it came; names of headers in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    source: str


@dataclass(frozen=True)
class MatchedRoute:
    """A route with the parameters of its path."""

    route: HttpRoute
    parameters: Mapping[str, str]


def matched(request: HttpRequest, routes: tuple[HttpRoute, ...]) -> MatchedRoute | None:
    """The route that a request is for; None where there is none."""
    parts = _path(request).split("/")
    for route in routes:
        names = route.path.split("/")
        if route.method != request.method or len(names) != len(parts):
            continue
        pairs = list(zip(names, parts, strict=True))
        if all(name == part or (name.startswith("{") and part) for name, part in pairs):
            return MatchedRoute(route, {name[1:-1]: part for name, part in pairs if name.startswith("{")})
    return None


def http_event(
    request: HttpRequest, match: MatchedRoute, claims: Mapping[str, JsonValue], *, request_id: str, now: datetime
) -> Event:
    """The event of a request whose token has these claims, which the gateway hands on as texts."""
    url = urlsplit(request.target)
    binary = not request.headers.get("content-type", "application/json").startswith(_TEXT)
    event: Event = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": _path(request),
        "rawQueryString": url.query,
        "headers": dict(request.headers),
        "requestContext": _context(request, match, claims, request_id=request_id, now=now),
        "pathParameters": dict(match.parameters),
        "isBase64Encoded": binary,
    }
    if query := _query(url.query):
        event["queryStringParameters"] = query
    if request.body:
        event["body"] = base64.b64encode(request.body).decode() if binary else request.body.decode(errors="replace")
    return event


def _path(request: HttpRequest) -> str:
    return unquote(urlsplit(request.target).path)


def _context(
    request: HttpRequest, match: MatchedRoute, claims: Mapping[str, JsonValue], *, request_id: str, now: datetime
) -> dict[str, JsonValue]:
    return {
        "accountId": "123456789012",
        "apiId": "sandbox",
        "authorizer": {
            "jwt": {
                "claims": {name: str(value) for name, value in claims.items()},
                "scopes": [*str(claims.get("scope", "")).split()],
            }
        },
        "domainName": request.headers.get("host", ""),
        "http": {
            "method": request.method,
            "path": _path(request),
            "protocol": "HTTP/1.1",
            "sourceIp": request.source,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": match.route.key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _query(text: str) -> dict[str, JsonValue]:
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(text, keep_blank_values=True):
        values[name].append(value)
    return {name: ",".join(several) for name, several in values.items()}
