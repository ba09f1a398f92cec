"""The AWS account that a stand-in acts on: botocore against the endpoint of the environment."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sandbox.errors import SandboxError
from sandbox.providers.store import Store
from sandbox.providers.values import Document, Json, text

if TYPE_CHECKING:
    from botocore.model import ServiceModel, StructureShape
    from botocore.session import Session


class ApiError(SandboxError):
    """An AWS operation answered with an error; `reason` is its error code."""

    code: ClassVar[str] = "sandbox.aws"

    def __init__(self, *, service: str, operation: str, reason: str, message: str) -> None:
        super().__init__(
            f"operation error {service.upper()}: {operation}, {reason}: {message}",
            remedy="correct the resource's properties or what it refers to, and run again",
        )
        self.reason = reason


class GoneError(SandboxError):
    """The object read, changed or deleted is not there any more."""

    code = "sandbox.gone"


def _json(value: object) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    reader = getattr(value, "read", None)
    return _json(reader()) if callable(reader) else str(value)


@dataclass
class Account:
    """Typed calls to the AWS API of one region, and the store for what moto does not hold.

    Errors: `call` raises `ApiError`; what botocore refuses before sending is one too, with reason `ParamValidation`.
    """

    region: str
    store: Store
    default_tags: Mapping[str, str] = field(default_factory=dict)
    partition: str = "aws"
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @functools.cached_property
    def _session(self) -> Session:
        from botocore.session import get_session  # noqa: PLC0415  taken after the plugin has said its port

        return get_session()

    def _client(self, service: str, region: str) -> Any:  # noqa: ANN401  botocore makes clients at run time
        from botocore.config import Config  # noqa: PLC0415

        with self._lock:
            key = (service, region)
            if key not in self._clients:
                config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=32)
                self._clients[key] = self._session.create_client(service, region_name=region, config=config)
            return self._clients[key]

    def model(self, service: str) -> ServiceModel:
        """Shapes of a service's operations, as botocore ships them."""
        return cast("ServiceModel", self._client(service, self.region).meta.service_model)

    def input_shape(self, service: str, operation: str) -> StructureShape:
        """Shape of what an operation takes; `operation` is in botocore's spelling."""
        client = self._client(service, self.region)
        wire_name = client.meta.method_to_api_mapping[operation]
        return cast("StructureShape", self.model(service).operation_model(wire_name).input_shape)

    def call(self, service: str, operation: str, request: Mapping[str, Json], *, region: str = "") -> Document:
        """Send one operation (botocore's spelling) and return its answer as plain values."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        client = self._client(service, region or self.region)
        try:
            answer: object = getattr(client, operation)(**request)
        except ClientError as error:
            details = cast("dict[str, dict[str, str]]", error.response).get("Error", {})
            raise ApiError(
                service=service,
                operation=operation,
                reason=text(details.get("Code")),
                message=text(details.get("Message")),
            ) from error
        except BotoCoreError as error:
            reason = type(error).__name__.removesuffix("Error")
            raise ApiError(service=service, operation=operation, reason=reason, message=str(error)) from error
        document = _json(answer)
        if not isinstance(document, dict):
            return {}
        document.pop("ResponseMetadata", None)
        return document

    @functools.cached_property
    def account_id(self) -> str:
        """The account that the credentials belong to."""
        return text(self.call("sts", "get_caller_identity", {}).get("Account"))

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """ARN of `resource` in this account and region; `region=""` for global services."""
        place = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{place}:{self.account_id}:{resource}"
