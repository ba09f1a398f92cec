"""Objects that are put once, for adapters, which make their errors of what is raised here."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from quantos.adapters.aws import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

JSON: Final = "application/json"
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def put_once(client: "S3Client", bucket: str, *, key: str, content: bytes, content_type: str = JSON) -> bool:
    """Write an object unless its key is taken, and say whether it was written. Raises what the SDK raises."""
    try:
        client.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*")
    except ClientError as exc:
        if error_code(exc) in _TAKEN:
            return False
        raise
    return True
