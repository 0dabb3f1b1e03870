from pathlib import Path

import pytest

from medialens.errors import InputError
from medialens.media.limits import MediaLimits


@pytest.mark.parametrize("field", ["max_bytes", "max_pixels", "max_redirects", "total_timeout_seconds"])
def test_negative_limits_are_refused(field):
    with pytest.raises(InputError, match=field):
        MediaLimits(**{field: -1})


def test_urls_are_off_unless_allowed():
    assert MediaLimits().allow_urls is False


def test_roots_are_resolved_once(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    limits = MediaLimits(roots=(tmp_path / "link", tmp_path / "real" / ".." / "real"))
    assert limits.roots == (tmp_path.resolve() / "real",) * 2


def test_limits_are_hashable_values():
    assert hash(MediaLimits(roots=(Path("/"),))) == hash(MediaLimits(roots=(Path("/"),)))
