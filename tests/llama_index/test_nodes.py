"""Files as nodes, and every kind of node as an item."""

import base64
import json
import re

import numpy as np
import PIL.Image
import pytest
from llama_index.core.schema import (
    Document,
    ImageDocument,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    QueryBundle,
    TextNode,
)
from tests.media.clips import animate, grey, levels
from tests.pictures import draw_picture

from medialens.errors import InputError, MediaNotFoundError, MediaReferenceError
from medialens.inputs import Image, Item, Text, Video
from medialens.llama_index import MediaQuery, file_id, media_node
from medialens.llama_index.items import bundle_to_item, embed_text_to_item, node_to_item, nodes_to_items, query_media
from medialens.media.decode import resolve
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.store import open_store

STORE = "memory://llama-index-media"


@pytest.fixture
def picture(tmp_path):
    return draw_picture(tmp_path / "red.png", "red")


def shape(item):
    """Kind and content of each part."""
    return [(part.modality, part.text if isinstance(part, Text) else part.source) for part in item.parts]


def test_the_canonical_node(picture):
    node = media_node(picture, caption="A red picture", store=STORE, metadata={"team": "x"})
    reference = MediaReference.parse(node.metadata["media_ref"])
    assert type(node) is Node
    assert node.image_resource == MediaResource(path=picture, mimetype="image/png")
    assert node.text_resource.text == "A red picture"
    assert open_store(STORE).read(reference) == picture.read_bytes()
    assert (node.metadata["source"], node.metadata["width"], node.metadata["page"]) == (str(picture), 128, -1)
    assert node.relationships[NodeRelationship.SOURCE].node_id == node.ref_doc_id == node.node_id == file_id(picture)


def test_language_models_see_caption_own_metadata_and_picture(picture):
    node = media_node(picture, caption="A red picture", store=STORE, metadata={"team": "x"})
    assert node.get_content(MetadataMode.LLM) == "team: x\n\nA red picture"
    assert [block.block_type for block in node.get_content_blocks(MetadataMode.LLM)] == ["text", "text", "image"]


def test_what_is_embedded_is_never_empty_and_holds_the_reference_alone(picture):
    node = media_node(picture, store=STORE, metadata={"team": "x"})
    assert node.get_content(MetadataMode.EMBED) == f"media_ref: {node.metadata['media_ref']}"


def test_metadata_is_flat_json_with_the_same_keys(picture, tmp_path):
    one = media_node(picture, store=STORE)
    other = media_node(draw_picture(tmp_path / "b.png", "blue"), caption="c", store=STORE, copy=True)
    assert list(one.metadata) == list(other.metadata)
    assert json.loads(json.dumps(one.metadata)) == one.metadata


def test_the_same_file_keeps_its_id_and_changed_bytes_change_the_hash(picture):
    before = media_node(picture, store=STORE)
    assert media_node(str(picture), store=STORE).hash == before.hash
    draw_picture(picture, "blue")
    after = media_node(picture, store=STORE)
    assert (after.node_id, after.ref_doc_id) == (before.node_id, before.ref_doc_id)
    assert after.hash != before.hash
    captioned = media_node(picture, caption="c", store=STORE)
    assert captioned.node_id == before.node_id
    assert captioned.hash != after.hash


def test_a_copy_points_to_the_copied_file(picture, tmp_path):
    node = media_node(picture, store=tmp_path / "store", copy=True)
    assert node.image_resource.path.is_relative_to(tmp_path / "store")
    assert node.image_resource.path.read_bytes() == picture.read_bytes()


def test_a_canonical_node_gives_the_same_item_as_its_embedded_text(picture):
    for caption in ("", "A red picture", "two\nlines"):
        node = media_node(picture, caption=caption, store=STORE)
        item = node_to_item(node, store=STORE)
        assert shape(item) == shape(embed_text_to_item(node.get_content(MetadataMode.EMBED), store=STORE))
        assert shape(item) == [("image", node.metadata["media_ref"]), *([("text", caption)] if caption else [])]
        assert item.parts[0].store == STORE


def test_a_canonical_node_survives_json(picture):
    node = media_node(picture, caption="A red picture", store=STORE)
    back = Node.from_json(node.to_json())
    assert shape(node_to_item(back, store=STORE)) == shape(node_to_item(node, store=STORE))
    assert (back.metadata, back.ref_doc_id, back.hash) == (node.metadata, node.ref_doc_id, node.hash)


def test_every_node_kind_with_a_picture_gives_the_picture_and_its_text_only(picture):
    data = picture.read_bytes()
    b64 = base64.b64encode(data)
    metadata = {"file_path": str(picture), "file_name": "red.png"}
    by_path = [
        Node(image_resource=MediaResource(path=picture), metadata=metadata),
        Document(image_resource=MediaResource(path=picture), metadata=metadata),
        ImageNode(image_path=str(picture), metadata=metadata),
        ImageDocument(image_path=str(picture), metadata=metadata),
    ]
    by_bytes = [
        Node(image_resource=MediaResource(data=b64), metadata=metadata),
        ImageNode(image=b64.decode(), metadata=metadata),
        ImageDocument(image=b64, metadata=metadata),
    ]
    assert [shape(node_to_item(node)) for node in by_path] == [[("image", picture)]] * 4
    assert [shape(node_to_item(node)) for node in by_bytes] == [[("image", data)]] * 3
    url = "https://example.com/red.png"
    assert shape(node_to_item(ImageNode(image_url=url))) == [("image", url)]
    assert shape(node_to_item(Node(image_resource=MediaResource(url=url)))) == [("image", url)]


def test_text_beside_a_picture_comes_after_it(picture):
    mixed = [
        Node(text_resource=MediaResource(text="red"), image_resource=MediaResource(path=picture), metadata={"a": "b"}),
        Document(text="red", image_resource=MediaResource(path=picture), metadata={"a": "b"}),
        ImageNode(text="red", image_path=str(picture), metadata={"a": "b"}),
    ]
    assert [shape(node_to_item(node)) for node in mixed] == [[("image", picture), ("text", "red")]] * 3


def test_sounds_and_clips_become_parts_too():
    node = Node(audio_resource=MediaResource(path="a.wav"), video_resource=MediaResource(path="b.mp4"))
    assert node_to_item(node).modalities == ("audio", "video")


def test_a_text_node_counts_with_the_metadata_that_llama_index_embeds():
    node = TextNode(text="body", metadata={"title": "T", "path": "/x"}, excluded_embed_metadata_keys=["path"])
    assert shape(node_to_item(node)) == [("text", "title: T\n\nbody")]


def test_references_in_a_text_nodes_text_are_media(picture):
    reference = media_node(picture, store=STORE).metadata["media_ref"]
    assert shape(node_to_item(TextNode(text=f"see {reference} there"))) == [
        ("text", "see"),
        ("image", reference),
        ("text", "there"),
    ]


def test_a_reference_counts_where_the_node_keeps_it_from_what_is_embedded(picture):
    node = media_node(picture, store=STORE)
    reference = node.metadata["media_ref"]
    hidden = Node(metadata={"media_ref": reference}, text_resource=MediaResource(text="a word"))
    hidden.excluded_embed_metadata_keys = ["media_ref"]
    assert shape(node_to_item(hidden)) == [("image", reference), ("text", "a word")]
    node.excluded_embed_metadata_keys = [*node.metadata]
    node.image_resource = None
    assert shape(node_to_item(node)) == [("image", reference)]


@pytest.mark.parametrize("wrong", [5, ["<media://x>"], "abc", "<media://sha256/12>", True])
def test_what_stands_in_the_place_of_a_reference_and_is_none_is_refused(picture, wrong):
    for node in (TextNode(text="hello"), Node(image_resource=MediaResource(path=picture))):
        node.metadata["media_ref"] = wrong
        with pytest.raises(MediaReferenceError, match="media reference") as caught:
            nodes_to_items([TextNode(text="fine"), node])
        assert (caught.value.node_id, caught.value.index) == (node.node_id, 1)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (TextNode(id_="n-1", text=" "), "no content to embed"),
        (Node(id_="n-1", metadata={"file_path": "red.png"}), "no content to embed"),
        (Node(id_="n-1", image_resource=MediaResource()), "image has neither data nor path nor URL"),
        (Node(id_="n-1", audio_resource=MediaResource(mimetype="audio/wav")), "audio has neither"),
        (ImageNode(id_="n-1", text="caption", metadata={"file_path": "red.png"}), "image has neither"),
        (ImageNode(id_="n-1", image="not base64!"), "image is not base64"),
    ],
)
def test_a_node_without_content_names_its_id_and_position(node, message):
    with pytest.raises(InputError, match=message) as caught:
        nodes_to_items([TextNode(text="fine"), node])
    assert "node 'n-1'" in str(caught.value)
    assert (caught.value.node_id, caught.value.index) == ("n-1", 1)


def test_bytes_that_llama_index_dropped_are_an_error_and_not_text(picture):
    node = Node(image_resource=MediaResource(data=base64.b64encode(picture.read_bytes())), metadata={"a": "b"})
    with pytest.raises(InputError, match=r"bytes do not survive.*media_node"):
        node_to_item(Node.from_json(node.to_json()))


def test_a_missing_file_names_its_path(tmp_path):
    with pytest.raises(MediaNotFoundError, match=r"absent\.png"):
        media_node(tmp_path / "absent.png", store=STORE)


def test_a_query_bundle_is_text_or_picture_or_both(picture):
    reference = media_node(picture, store=STORE).metadata["media_ref"]
    cases = {
        QueryBundle("red").query_str: [("text", "red")],
        str(picture): [("text", str(picture))],
        reference: [("image", reference)],
    }
    for query, expected in cases.items():
        assert shape(bundle_to_item(QueryBundle(query))) == expected
    assert shape(bundle_to_item(QueryBundle("", image_path=str(picture)))) == [("image", picture)]
    both = bundle_to_item(QueryBundle("but blue", image_path=str(picture)))
    assert shape(both) == [("text", "but blue"), ("image", picture)]
    assert isinstance(both.parts[1], Image)


@pytest.mark.parametrize(
    "media",
    [
        Image,
        lambda path: Image(str(path), box=(1, 2, 3, 4)),
        lambda path: Item("in blue", Image(media_node(path, store=STORE).metadata["media_ref"], store=STORE)),
        lambda path: Video(str(path), start_seconds=1.5),
        lambda path: "words",
        lambda path: None,
    ],
)
def test_a_query_comes_back_from_its_dump(picture, media):
    query = MediaQuery("what is it?", media=media(picture))
    for back in (MediaQuery.from_dict(query.to_dict()), MediaQuery.from_json(query.to_json())):
        assert back.query_str == query.query_str
        assert repr(query_media(back)) == re.sub(r"PosixPath\((.*?)\)", r"\1", repr(query_media(query)))
    kept = MediaQuery.from_json(MediaQuery(media=Image(picture.read_bytes())).to_json())
    assert resolve(query_media(kept), MediaLimits()).digest == resolve(Item(Image(picture)), MediaLimits()).digest


def test_a_query_that_cannot_be_dumped_says_so(picture):
    for media in (
        PIL.Image.new("RGB", (4, 4)),
        Image(np.zeros((4, 4, 3), np.uint8)),
        [{"role": "user", "content": "hi"}],
    ):
        with pytest.raises(InputError, match="not written into a dict"):
            MediaQuery(media=media).to_dict()
    with pytest.raises(InputError, match="is not what MediaQuery"):
        MediaQuery.from_dict({"query_str": "x", "media": {"source": "a.png"}})


def test_an_animated_picture_is_a_clip_on_request(tmp_path):
    path = tmp_path / "clip.gif"
    path.write_bytes(animate([grey(level) for level in levels(4)], duration=250))
    node = media_node(path, modality="video", store=STORE)
    assert (node.video_resource.path, node.image_resource) == (path, None)
    assert node.metadata["media_type"] == "video"
    assert [part.modality for part in node_to_item(node, store=STORE).parts] == ["video"]
    still = media_node(path, store=STORE)
    assert (still.image_resource.path, still.video_resource) == (path, None)
    assert still.node_id != node.node_id
