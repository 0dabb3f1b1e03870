from __future__ import annotations

from pathlib import Path

import pytest

from medialens.engine.config import EngineConfig
from medialens.errors import InputError


def test_the_environment_overrides_the_defaults():
    environment = {
        "MEDIALENS_CACHE": "/some/vectors",
        "MEDIALENS_CPU_LANES": "3",
        "MEDIALENS_PREPARE_THREADS": "5",
    }
    config = EngineConfig.from_environment(environment)
    assert (config.vector_cache_folder, config.cpu_lanes, config.prepare_threads) == (Path("/some/vectors"), 3, 5)
    assert EngineConfig.from_environment({}) == EngineConfig()


def test_a_bad_variable_is_named():
    with pytest.raises(InputError, match="MEDIALENS_CPU_LANES='many' must be a whole number"):
        EngineConfig.from_environment({"MEDIALENS_CPU_LANES": "many"})


@pytest.mark.parametrize("name", ["cpu_lanes", "prepare_threads", "batch_tokens", "max_prepared_bytes"])
def test_values_are_checked_at_birth(name):
    with pytest.raises(InputError, match=f"{name}=0"):
        EngineConfig(**{name: 0})


def test_caches_may_be_switched_off():
    assert EngineConfig(vector_cache_bytes=0).vector_cache_bytes == 0


def test_budgets_depend_on_the_kind_of_device_and_can_be_chosen():
    config = EngineConfig(batch_tokens=77)
    assert config.budget("cpu").n_tokens == config.budget("cuda").n_tokens == 77
    assert config.budget("cpu").n_patches < config.budget("cuda").n_patches
