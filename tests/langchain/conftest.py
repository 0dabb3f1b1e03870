import os

import pytest
from tests.postgres import postgres

from medialens.testing.fake_model import fake_models


@pytest.fixture
def fakes():
    """Every model is a fake that knows colours by name, so that what is found does not depend on training."""
    with fake_models() as engine:
        yield engine


@pytest.fixture(scope="session")
def postgres_address():
    """A real PostgreSQL with pgvector, started once, for this process and those it starts."""
    with postgres() as address, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "MEDIALENS_TEST_POSTGRES", address)
        yield address
