"""What is kept of pictures that are looked at, and how much of it."""

from __future__ import annotations

import gc
import weakref

from tests.models.architectures.qwen3_vl.pictures.visions import vision_recipe
from tests.running import picture

from medialens.models.architectures.qwen3_vl.pictures import sight as module
from medialens.models.architectures.qwen3_vl.pictures.sight import Sight


def test_all_bounds_share_the_room_for_what_is_kept(monkeypatch):
    """However many bounds callers choose, no more memory is taken."""
    monkeypatch.setattr(module, "_PATCHES_BYTES", 200_000)
    sight, kept = Sight(vision_recipe(), lambda _: None), []
    views = [sight.narrowed(max_pixels=20_000 + at, max_visual_tokens=None) for at in range(30)]

    for view in [sight, *views]:
        visual, _ = view.look(picture(120, 150))
        kept.append((visual.n_bytes, weakref.ref(visual.patches)))
        del visual
    gc.collect()

    assert 0 < sum(n_bytes for n_bytes, patches in kept if patches() is not None) <= 200_000


def test_what_is_kept_under_one_bound_is_not_seen_under_another():
    sight = Sight(vision_recipe(), lambda _: None)
    close = sight.look(picture(200, 200))[0]
    far = sight.narrowed(max_pixels=None, max_visual_tokens=9).look(picture(200, 200))[0]
    again = sight.look(picture(200, 200))[0]

    assert close.n_tokens > 9 >= far.n_tokens
    assert again is close
