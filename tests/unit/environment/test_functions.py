"""How many instances of each function run, and how many are kept warm."""

import pytest

from quantos.environment.functions import FORECAST, PARTITIONS, RESIZE, function_table
from quantos.errors import SettingsError
from tests.support.environments import make_settings


def table(**warm: int):
    settings = make_settings()
    functions = settings.functions.model_copy(update={"warm": warm})
    return {spec.name: spec for spec in function_table(settings.model_copy(update={"functions": functions}))}


def test_a_function_may_run_once_for_each_partition_and_schedule() -> None:
    for spec in table().values():
        if spec.streams or spec.schedules:
            wanted = sum(PARTITIONS[stream.topic] for stream in spec.streams) + len(spec.schedules)
            assert spec.reserved_concurrency == wanted


def test_what_the_environment_keeps_warm_is_kept_and_nothing_else() -> None:
    kept = {name: spec.provisioned_concurrency for name, spec in table(forecast=1).items()}
    assert {name for name, count in kept.items() if count} == {FORECAST}


def test_no_more_is_kept_warm_than_may_run() -> None:
    most = table()[RESIZE].reserved_concurrency
    assert table(resize=most)[RESIZE].provisioned_concurrency == most
    with pytest.raises(SettingsError, match=f"at most {most} ever run"):
        table(resize=most + 1)
