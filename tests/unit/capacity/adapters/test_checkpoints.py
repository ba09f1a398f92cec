"""By which key a state's secrets are encrypted is read of the state: functions have no stack's file to say it."""

import json
from pathlib import Path
from typing import Any

import pytest

from quantos.capacity.adapters.checkpoints import StateSecrets, state_secrets
from quantos.errors import StackMissingError, StateUnreadableError
from tests.support.checkpoints import STACK, checkpoint

KEY = {"url": "awskms://alias/quantos-dev-state?region=us-east-1", "encryptedkey": "a2V5"}


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    (tmp_path / ".pulumi" / "stacks" / "quantos").mkdir(parents=True)
    return tmp_path


def state(backend: Path, **latest: Any) -> str:
    document = json.loads(checkpoint())
    document["checkpoint"]["latest"] |= latest
    file = backend / ".pulumi" / "stacks" / "quantos" / f"{STACK}.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return f"file://{backend}"


def test_a_key_service_and_its_data_key_are_told(backend: Path) -> None:
    url = state(backend, secrets_providers={"type": "cloud", "state": KEY})
    assert state_secrets(url, stack=STACK) == StateSecrets(provider=KEY["url"], encrypted_key="a2V5")


@pytest.mark.parametrize("stated", [{}, {"secrets_providers": None}, {"secrets_providers": {"type": "passphrase"}}])
def test_what_is_under_no_key_service_has_none(backend: Path, stated: dict[str, Any]) -> None:
    assert state_secrets(state(backend, **stated), stack=STACK) is None


def test_a_state_that_names_no_key_is_told(backend: Path) -> None:
    url = state(backend, secrets_providers={"type": "cloud", "state": {}})
    with pytest.raises(StateUnreadableError):
        state_secrets(url, stack=STACK)


def test_a_stack_without_a_state_is_missing(backend: Path) -> None:
    with pytest.raises(StackMissingError):
        state_secrets(f"file://{backend}", stack=STACK)
