import dataclasses
from pathlib import Path

import pytest

from medialens.errors import InputError
from medialens.media.limits import MediaLimits

AMOUNTS = [field.name for field in dataclasses.fields(MediaLimits) if type(field.default) in {int, float}]


@pytest.mark.parametrize("field", AMOUNTS)
@pytest.mark.parametrize("value", [-1, -0.5, float("nan"), "10", None, True])
def test_limits_that_are_no_amounts_are_refused(field, value):
    with pytest.raises(InputError, match=field):
        MediaLimits(**{field: value})


@pytest.mark.parametrize("field", AMOUNTS)
def test_any_limit_may_be_lifted(field):
    assert getattr(MediaLimits(**{field: float("inf")}), field) == float("inf")


@pytest.mark.parametrize(
    "fields",
    [
        {"allow_urls": "no"},
        {"allow_urls": 1},
        {"url_hosts": "example.com"},
        {"url_hosts": ("example.com", 3)},
        {"url_hosts": ("http://example.com",)},
        {"url_hosts": ("example.com:8080",)},
        {"url_hosts": ("[::1]:8080",)},
        {"url_hosts": ("example.com/files",)},
        {"roots": "/data"},
        {"roots": Path("/data")},
        {"roots": ("/data", 3)},
    ],
)
def test_a_string_is_no_list_and_a_word_no_yes(fields):
    with pytest.raises(InputError, match=next(iter(fields))):
        MediaLimits(**fields)


def test_urls_are_off_unless_allowed():
    assert MediaLimits().allow_urls is False


def test_roots_are_resolved_once(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    limits = MediaLimits(roots=(tmp_path / "link", tmp_path / "real" / ".." / "real"))
    assert limits.roots == (tmp_path.resolve() / "real",) * 2


def test_limits_are_hashable_values():
    assert hash(MediaLimits(roots=(Path("/"),))) == hash(MediaLimits(roots=(Path("/"),)))
    assert MediaLimits(roots=["/"], url_hosts=["h"]) == MediaLimits(roots=(Path("/"),), url_hosts=("h",))
    hash(MediaLimits(roots=["/"], url_hosts=["h"]))


def test_hosts_are_names_and_addresses():
    hosts = ("example.com", "10.0.0.1", "::1", "[::1]", "fe80::1:8080")
    assert MediaLimits(url_hosts=hosts).url_hosts == hosts


def test_what_is_as_always_is_not_shown():
    """Signatures show it."""
    assert repr(MediaLimits()) == "MediaLimits()"
    limits = MediaLimits(max_pages=3, url_hosts=("example.com",))
    assert repr(limits) == "MediaLimits(max_pages=3, url_hosts=('example.com',))"
    assert eval(repr(limits)) == limits  # noqa: S307  # our own text
