"""What every adapter of a DynamoDB table does alike."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item: TypeAlias = dict[str, AttributeValueTypeDef]

READS_A_CALL: Final = 100


def read_items(
    client: "DynamoDBClient", table: str, keys: "Sequence[Item]", *, attempts: int
) -> "tuple[list[Item], bool]":
    """The items under some keys as they are now, in any order, and whether the table was asked for all of them.

    A hundred a call; what a call puts off is asked for again, so many times. Raises what the SDK raises.
    """
    items: list[Item] = []
    for start in range(0, len(keys), READS_A_CALL):
        asked = list(keys[start : start + READS_A_CALL])
        for _ in range(attempts):
            response = client.batch_get_item(RequestItems={table: {"Keys": asked, "ConsistentRead": True}})
            items += response["Responses"].get(table, [])
            put_off = response["UnprocessedKeys"].get(table)
            if put_off is None:
                break
            asked = [dict(key) for key in put_off["Keys"]]
        else:
            return items, False
    return items, True
