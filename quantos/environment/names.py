"""What things are called, derived from the environment alone, so that every process finds them without a look-up."""

from dataclasses import dataclass, replace

PROJECT = "quantos"
LAYERS = ("foundation", "capacity", "platform", "control")


@dataclass(frozen=True)
class Names:
    """Names of one environment's things in one account."""

    environment: str
    account_id: str
    region: str

    @property
    def prefix(self) -> str:
        """Prefix of every regional name."""
        return f"{PROJECT}-{self.environment}"

    def stack(self, layer: str) -> str:
        """Stack name of a layer, `dev-capacity`."""
        return f"{self.environment}-{layer}"

    def qualified_stack(self, layer: str) -> str:
        """Stack name as a StackReference takes it, on a self-managed backend."""
        return f"organization/{PROJECT}/{self.stack(layer)}"

    def bucket(self, purpose: str) -> str:
        """Bucket name; account and region make it unique in the world."""
        return f"{self.prefix}-{purpose}-{self.account_id}-{self.region}"

    def replica_bucket(self, purpose: str, *, region: str) -> str:
        """Name of a bucket's replica in another region."""
        return replace(self, region=region).bucket(purpose)

    @property
    def cluster(self) -> str:
        """EKS cluster name."""
        return self.prefix

    @property
    def plan_signing_key(self) -> str:
        """KMS alias of the key which signs plans."""
        return f"alias/{self.prefix}-plan-signing"

    @property
    def state_bucket(self) -> str:
        """Bucket of Pulumi state, made once by hand before the first `up`."""
        return self.bucket("state")

    @property
    def state_key(self) -> str:
        """KMS alias of the key which encrypts the state bucket and the secrets in the state, made with it."""
        return f"alias/{self.prefix}-state"

    @property
    def coordination_table(self) -> str:
        """DynamoDB table of leases and of what the actuator remembers; in the foundation layer."""
        return f"{self.prefix}-coordination"

    @property
    def switch_table(self) -> str:
        """DynamoDB table of kill switches, which the robot may read and not write; in the foundation layer."""
        return f"{self.prefix}-switches"

    @property
    def demand_table(self) -> str:
        """DynamoDB table of the demand history; in the control layer."""
        return f"{self.prefix}-demand"

    @property
    def audit_table(self) -> str:
        """DynamoDB table to look audit records up; in the control layer."""
        return f"{self.prefix}-audit"

    @property
    def orchestration_table(self) -> str:
        """DynamoDB table of submissions and of what teams may use; in the control layer."""
        return f"{self.prefix}-orchestration"

    @property
    def audit_chain(self) -> str:
        """Name of the environment's audit chain."""
        return self.environment

    @property
    def anchors_prefix(self) -> str:
        """Where in the audit bucket the chain's ends are kept, hour by hour."""
        return f"anchors/{self.audit_chain}/"

    @property
    def billing_prefix(self) -> str:
        """Where in the lake bucket AWS delivers the bill."""
        return "billing"

    @property
    def tables_prefix(self) -> str:
        """Where in the lake bucket tables lie that name no place of their own."""
        return "tables"

    @property
    def lake_database(self) -> str:
        """Glue database of the lake's tables."""
        return f"{PROJECT}_{self.environment}_lake"

    @property
    def results_database(self) -> str:
        """Glue database of the tables that statements of runs make."""
        return f"{PROJECT}_{self.environment}_results"

    @property
    def alarm_topic(self) -> str:
        """Name of the SNS topic that alarms are told to; in the control layer."""
        return f"{self.prefix}-alarms"

    @property
    def alarm_topic_arn(self) -> str:
        """ARN of the alarm topic, which layers below the control layer may name before it is there."""
        return f"arn:aws:sns:{self.region}:{self.account_id}:{self.alarm_topic}"

    def role(self, service: str) -> str:
        """IAM role of a service in the cluster."""
        return f"{self.prefix}-{service}"

    def secret(self, path: str) -> str:
        """Name of a secret of Secrets Manager, `services/grafana`."""
        return f"{self.prefix}/{path}"

    def repository(self, name: str) -> str:
        """ECR repository of one of the project's own images."""
        return f"{self.prefix}-{name}"

    def image(self, repository: str, digest: str) -> str:
        """One of the project's own images, by digest."""
        return f"{self.account_id}.dkr.ecr.{self.region}.amazonaws.com/{self.repository(repository)}@{digest}"

    def function(self, name: str) -> str:
        """Lambda function name, and that of its role."""
        return f"{self.prefix}-{name}"


def environment_of(stack: str) -> str:
    """The environment a stack name such as `dev-capacity` belongs to."""
    return stack.partition("-")[0]


def layer_of(stack: str) -> str:
    """The layer of a stack name such as `dev-capacity`."""
    return stack.partition("-")[2]
