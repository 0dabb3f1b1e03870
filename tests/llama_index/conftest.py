import pytest

from medialens.testing.fake_model import fake_models


@pytest.fixture
def fakes():
    """Every model is a fake that knows colours by name, so that what is found does not depend on training."""
    with fake_models() as engine:
        yield engine
