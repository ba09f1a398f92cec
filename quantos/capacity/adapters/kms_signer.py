"""Plan signatures by a KMS HMAC key, which never leaves KMS."""

import base64
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from quantos.adapters.aws import AWS, error_code
from quantos.errors import CapacityError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


@dataclass(frozen=True)
class KmsSigner:
    """Signs with `key_id`, an HMAC_256 key or its alias."""

    client: "KMSClient"
    key_id: str

    def sign(self, content: bytes) -> str:
        """A MAC of `content`, base64. Raises CapacityError when KMS cannot be asked."""
        with self._asking():
            response = self.client.generate_mac(KeyId=self.key_id, Message=content, MacAlgorithm="HMAC_SHA_256")
            return base64.b64encode(response["Mac"]).decode()

    def verify(self, content: bytes, *, signature: str) -> bool:
        """Whether `signature` is a MAC of `content`. Raises CapacityError when KMS cannot be asked."""
        try:
            mac = base64.b64decode(signature, validate=True)
        except ValueError:
            return False
        if not mac:
            return False
        with self._asking():
            return self._is_mac(content, mac)

    def _is_mac(self, content: bytes, mac: bytes) -> bool:
        try:
            response = self.client.verify_mac(KeyId=self.key_id, Message=content, MacAlgorithm="HMAC_SHA_256", Mac=mac)
        except ClientError as exc:
            if error_code(exc) == "KMSInvalidMacException":
                return False
            raise
        return bool(response["MacValid"])

    def _asking(self) -> AbstractContextManager[None]:
        return translated(
            AWS,
            into=CapacityError,
            what=f"the plan-signing key {self.key_id} could not be used",
            remedy="check that the foundation layer is up and that this role may use the key",
        )
