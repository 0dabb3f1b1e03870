from __future__ import annotations

import copy
import pickle

import pytest

from medialens import errors
from medialens.errors import MedialensError, MediaLimitError, MissingExtraError
from medialens.extras import require

KINDS = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, MedialensError)]


@pytest.mark.parametrize("kind", KINDS)
def test_facts_index_and_type_survive_pickling_and_copying(kind):
    error = kind("too big", index=4, limit="max_pixels", value=10)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301  # our own bytes
        assert type(twin) is kind
        assert (str(twin), twin.index, twin.limit, twin.value) == ("item 4: too big", 4, "max_pixels", 10)


def test_at_names_the_position_on_a_copy_and_keeps_the_cause():
    cause = OSError("disk")
    error = MediaLimitError("too big")
    error.__cause__ = cause
    placed = error.at(3)
    assert (error.index, str(error)) == (None, "too big")
    assert (placed.index, str(placed), placed.__cause__) == (3, "item 3: too big", cause)


def test_a_fact_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'path'"):
        _ = MediaLimitError("too big").path


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [("InputError", ValueError), ("MediaNotFoundError", FileNotFoundError), ("MissingExtraError", ImportError)],
)
def test_errors_are_also_the_builtin_that_people_catch(kind, builtin):
    assert issubclass(getattr(errors, kind), builtin)


def test_require_says_which_extra_brings_the_module():
    with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[video\]'") as caught:
        require("no_such_module_here.part", extra="video", to="Decoding video")
    assert caught.value.extra == "video"


def test_require_lets_a_broken_module_speak_for_itself(tmp_path, monkeypatch):
    (tmp_path / "broken_dependency.py").write_text("import missing_inside_it\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="missing_inside_it") as caught:
        require("broken_dependency", extra="video", to="Decoding video")
    assert not isinstance(caught.value, MissingExtraError)


def test_require_gives_the_submodule():
    assert require("os.path", extra="video", to="Nothing").join("a", "b") == "a/b"
