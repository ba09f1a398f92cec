"""Plan signatures by a KMS HMAC key, which never leaves KMS."""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from quantos.errors import CapacityError

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


@dataclass(frozen=True)
class KmsSigner:
    """Signs with `key_id`, an HMAC_256 key or its alias."""

    client: "KMSClient"
    key_id: str

    def sign(self, content: bytes) -> str:
        """A MAC of `content`, base64. Raises CapacityError when KMS cannot be asked."""
        try:
            response = self.client.generate_mac(KeyId=self.key_id, Message=content, MacAlgorithm="HMAC_SHA_256")
        except (BotoCoreError, ClientError) as exc:
            raise _unreachable(self.key_id, exc) from exc
        return base64.b64encode(response["Mac"]).decode()

    def verify(self, content: bytes, *, signature: str) -> bool:
        """Whether `signature` is a MAC of `content`. Raises CapacityError when KMS cannot be asked."""
        try:
            mac = base64.b64decode(signature, validate=True)
        except ValueError:
            return False
        if not mac:
            return False
        try:
            response = self.client.verify_mac(KeyId=self.key_id, Message=content, MacAlgorithm="HMAC_SHA_256", Mac=mac)
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") == "KMSInvalidMacException":
                return False
            raise _unreachable(self.key_id, exc) from exc
        except BotoCoreError as exc:
            raise _unreachable(self.key_id, exc) from exc
        return bool(response["MacValid"])


def _unreachable(key_id: str, exc: Exception) -> CapacityError:
    return CapacityError(
        f"the plan-signing key {key_id} could not be used: {exc}",
        remedy="check that the foundation layer is up and that this role may use the key",
    )
