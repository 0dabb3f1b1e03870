import base64
import io
import re
import uuid

import numpy as np
import pytest
from PIL import Image as Picture
from tests.media.encoding import encode

from medialens import Image
from medialens.errors import InputError, MediaDecodeError, MediaLimitError, MediaNotFoundError, MediaReferenceError
from medialens.media.limits import MediaLimits
from medialens.media.segment.tiles import split_tiles
from medialens.media.segment.whole import keep_whole
from medialens.media.store import MediaStore

LIMITS = MediaLimits()
PNG = encode(Picture.new("RGB", (40, 30), "red"))


@pytest.fixture
def store():
    return MediaStore(f"memory://{uuid.uuid4()}")


def forms(path):
    """All that a file is named by, or comes as."""
    path.write_bytes(PNG)
    return {
        "path": str(path),
        "Path": path,
        "file URL": path.as_uri(),
        "data URI": "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "bytes": PNG,
        "bytearray": bytearray(PNG),
        "open file": io.BytesIO(PNG),
    }


def test_a_file_is_the_same_medium_however_it_comes(tmp_path, store):
    kept = {
        name: keep_whole(form, store, copy=False, limits=LIMITS) for name, form in forms(tmp_path / "a.png").items()
    }

    assert len(set(kept.values())) == 1
    assert store.read(kept["bytes"]) == PNG


def test_a_reference_to_what_the_store_has_is_taken(store):
    reference = store.put(PNG)

    assert keep_whole(reference, store, copy=False, limits=LIMITS) == reference
    assert keep_whole(str(reference), store, copy=False, limits=LIMITS) == reference
    assert [tile.reference for tile in split_tiles(reference, store=store)] == [reference]


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (Picture.new("RGB", (4, 3)), InputError, "cannot cut a Image .* pass a file of it"),
        (np.zeros((3, 4, 3), np.uint8), InputError, "cannot cut a ndarray .* pass a file of it"),
        (Image("a.png"), InputError, "cannot cut a Image .* pass what it was made of"),
        (None, InputError, "cannot cut a NoneType"),
        (3, InputError, "cannot cut a int"),
        (b"", MediaDecodeError, "is empty"),
        ("data:image/png;base64,%%%", MediaDecodeError, "does not hold base64"),
        ("none.png", MediaNotFoundError, "does not exist"),
        ("<media://sha256/0>", MediaReferenceError, "not a media reference"),
    ],
)
def test_what_is_no_file(store, source, error, message):
    with pytest.raises(error, match=re.compile(message, re.DOTALL)):
        keep_whole(source, store, copy=False, limits=LIMITS)


def test_a_piece_is_not_cut_again(store):
    piece = str(store.put(PNG)).replace(">", "#xywh=0,0,10,10>")
    with pytest.raises(InputError, match="is a piece already"):
        keep_whole(piece, store, copy=False, limits=LIMITS)


def test_bytes_are_as_many_as_the_limits_allow(store):
    assert keep_whole(PNG, store, copy=False, limits=MediaLimits(max_bytes=len(PNG)))
    with pytest.raises(MediaLimitError, match="max_bytes"):
        keep_whole(PNG, store, copy=False, limits=MediaLimits(max_bytes=len(PNG) - 1))
