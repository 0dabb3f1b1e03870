import pytest

from medialens.errors import InputError
from medialens.media.reference import MediaReference
from medialens.retrieval.hits import Hit

REFERENCE = MediaReference(digest="ab" * 32, mime_type="application/pdf", page=3, box=(0, 10, 100, 140))


def test_a_hit_knows_the_medium_that_it_is_a_piece_of():
    hit = Hit(reference=REFERENCE, score=0.5)

    assert hit.parent == MediaReference(digest="ab" * 32, mime_type="application/pdf")
    assert (hit.text, hit.source, hit.key) == ("", "", None)


def test_a_score_that_cannot_be_put_in_order_is_refused():
    with pytest.raises(InputError, match="not a number"):
        Hit(reference=REFERENCE, score=float("nan"))
