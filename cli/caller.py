"""Who runs a command, as the account knows it: no name that a person can set."""

import boto3

from cli.target import Target
from quantos.adapters.aws import AWS, making_clients
from quantos.errors import AccessError
from quantos.translation import translated


def caller(target: Target) -> str:
    """The ARN of the credentials in use; in the sandbox what the stand-in answers, and that it is one.

    Raises:
        AccessError: the account does not say who is asking.
    """
    with making_clients():
        client = boto3.client("sts", region_name=target.settings.region)
    with translated(
        AWS, into=AccessError, what="could not ask the account who you are", remedy="log in, and try again"
    ):
        arn = client.get_caller_identity()["Arn"]
    return f"{arn} (sandbox)" if target.sandboxed else arn
