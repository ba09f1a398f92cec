"""Where a lake without Glue lies."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class EmbeddedLake:
    """Where a lake without Glue lies.

    Attributes:
        catalog: URL of its database, `sqlite:///...` or `postgresql+psycopg2://...`; its tables are made where need be.
        warehouse: where tables lie, `s3://bucket/prefix` or `file:///...`.
        s3_endpoint: of an S3 that is not AWS's; empty for AWS's own.
    """

    catalog: str
    warehouse: str
    s3_endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)

    def properties(self) -> dict[str, str]:
        """As pyiceberg takes them."""
        stated = {
            "uri": self.catalog,
            "warehouse": self.warehouse,
            "s3.endpoint": self.s3_endpoint,
            "s3.region": self.region,
            "s3.access-key-id": self.access_key,
            "s3.secret-access-key": self.secret_key,
        }
        return {name: value for name, value in stated.items() if value}
