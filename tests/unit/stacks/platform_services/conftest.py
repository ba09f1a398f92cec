"""The platform layer of each environment, declared once for all that look at it."""

import pytest

from tests.support.declarations import Layer, platform_layer


@pytest.fixture(scope="session", params=["dev", "staging", "prod"])
def layer(request: pytest.FixtureRequest) -> Layer:
    """One environment's layer."""
    return platform_layer(request.param)
