"""Documents about files, cut into nodes about their pieces; and the reader that makes them."""

import json

import fsspec
import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import (
    Document,
    ImageDocument,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    TextNode,
    TransformComponent,
)
from tests.llama_index.files import write_clip, write_files, write_report, write_screenshot, write_tone
from tests.pictures import draw_picture

from medialens.errors import InputError, MediaChangedError, MediaDecodeError, MediaNotFoundError
from medialens.llama_index import (
    ClipSplitter,
    MediaDocument,
    MediaEmbedding,
    MediaReader,
    MediaRerank,
    PageSplitter,
    PrepareMediaForLLM,
    TextOnly,
    TileSplitter,
    file_id,
)
from medialens.llama_index.adopting import as_node
from medialens.media.reference import MediaReference
from medialens.media.segment.subtitles import TimedText
from medialens.media.store import open_store
from medialens.testing.contracts.checks import copies

STORE = "memory://llama-index-splitters"
SPLITTERS = [PageSplitter, ClipSplitter, TileSplitter]


@pytest.fixture
def reader():
    return MediaReader(store=STORE)


def only(nodes):
    (node,) = nodes
    return node


def test_a_file_is_one_document_whose_id_stays(reader, tmp_path):
    path = draw_picture(tmp_path / "red.png", "red")
    before = only(reader.load_data(path, {"team": "x"}, caption="A red picture"))
    assert (type(before), before.id_) == (MediaDocument, file_id(path))
    assert as_node(before).ref_doc_id == file_id(path)
    assert before.metadata["source"] == str(path)
    assert open_store(STORE).read(before.metadata["media_ref"]) == path.read_bytes()
    assert before.get_content(MetadataMode.LLM) == "A red picture"
    assert before.image_resource.path == path
    draw_picture(path, "blue")
    after = only(reader.load_data(str(path)))
    assert after.id_ == before.id_
    assert after.hash != before.hash


def test_a_folder_is_read_in_order_and_other_files_are_left_out(reader, tmp_path):
    write_files(tmp_path / "deep")
    (tmp_path / "notes.txt").write_text("words")
    documents = reader.load_data(tmp_path)
    names = ["changing.png", "going.png", "image.png", "report.pdf", "screenshot.png", "talk.mp4", "tone.wav"]
    assert [one.metadata["source"].rpartition("/")[2] for one in documents] == names
    assert [one.metadata["media_type"] for one in documents][3:] == ["application", "image", "video", "audio"]
    assert documents[5].video_resource.path == tmp_path / "deep" / "talk.mp4"
    assert (
        documents[3].get_content_blocks(MetadataMode.LLM)[0].text == ""
    )  # no language model is sent a PDF as a picture


async def test_it_is_a_reader_of_llama_indexs_own_reader(reader, tmp_path):
    write_files(tmp_path)
    (tmp_path / "notes.txt").write_text("words")
    for as_id in (False, True):
        stock = SimpleDirectoryReader(
            str(tmp_path), file_extractor=reader.file_extractor(), filename_as_id=as_id, raise_on_error=True
        )
        documents = {one.metadata["file_name"]: one for one in stock.load_data()}
        assert len(documents) == 8
        tone = documents["tone.wav"]
        assert tone.metadata["media_type"] == "audio"
        assert tone.get_content(MetadataMode.EMBED) == f"media_ref: {tone.metadata['media_ref']}"
        assert (
            as_node(tone).ref_doc_id
            == tone.id_
            == (f"{tmp_path}/tone.wav_part_0" if as_id else file_id(tmp_path / "tone.wav"))
        )
        assert documents["notes.txt"].text == "words"
        again = {one.metadata["file_name"]: one.hash for one in await stock.aload_data()}
        assert again == {name: one.hash for name, one in documents.items()}


def test_files_on_other_file_systems_are_put_into_the_store(reader, tmp_path):
    path = write_report(tmp_path)
    memory = fsspec.filesystem("memory")
    memory.pipe("/folder/report.pdf", path.read_bytes())
    document = only(reader.load_data("/folder/report.pdf", fs=memory))
    assert document.metadata["source"] == "memory:///folder/report.pdf"
    pages = PageSplitter(store=STORE)([document])
    assert [page.metadata["page"] for page in pages] == [1, 2]


def test_what_cannot_be_read_names_its_path(reader, tmp_path):
    with pytest.raises(MediaNotFoundError, match=r"gone\.png"):
        reader.load_data(tmp_path / "gone.png")
    (tmp_path / "odd.png").write_text("words")
    with pytest.raises(MediaDecodeError, match=r"odd\.png.*text/plain"):
        reader.load_data(tmp_path / "odd.png")
    (tmp_path / "empty").mkdir()
    assert reader.load_data(tmp_path / "empty") == []


def test_pages(tmp_path):
    store = str(tmp_path / "store")
    document = only(MediaReader(store=store).load_data(write_report(tmp_path), {"team": "x"}))
    pages = PageSplitter(store=store, thumbnails=True)([document])
    assert [type(page) for page in pages] == [Node, Node]
    assert [page.metadata["page"] for page in pages] == [1, 2]
    assert [page.metadata["media_type"] for page in pages] == ["image", "image"]
    assert [page.metadata["caption"] for page in pages] == ["alpha", "revenue"]
    assert [page.get_content(MetadataMode.LLM) for page in pages] == ["caption: alpha", "caption: revenue"]
    assert {page.metadata["team"] for page in pages} == {"x"}
    assert {page.ref_doc_id for page in pages} == {document.id_}
    assert len({page.node_id for page in pages}) == 2
    first, second = pages
    assert first.relationships[NodeRelationship.NEXT].node_id == second.node_id
    assert second.relationships[NodeRelationship.PREVIOUS].node_id == first.node_id
    for page in pages:
        assert page.get_content(MetadataMode.EMBED) == f"media_ref: {page.metadata['media_ref']}"
        assert page.metadata["parent_ref"] == document.metadata["media_ref"]
        assert page.image_resource.path.read_bytes() == open_store(store).read(page.metadata["thumbnail_ref"])
    some = PageSplitter(store=store, pages="2", embed_text=True)([document])
    assert [page.node_id for page in some] == [second.node_id]
    assert some[0].get_content(MetadataMode.EMBED).endswith("\n\nrevenue")


def test_clips_and_windows_of_sound(reader, tmp_path):
    documents = [only(reader.load_data(path)) for path in (write_clip(tmp_path), write_tone(tmp_path, seconds=25))]
    (tmp_path / "talk.srt").write_text("1\n00:00:12,000 --> 00:00:14,000\nrevenue rose\n")
    splitter = ClipSplitter(store=STORE, overlap_seconds=0, transcript="beside")
    clips = splitter(documents[:1])
    assert [(clip.metadata["start_seconds"], clip.metadata["end_seconds"]) for clip in clips] == [(0, 10), (10, 20)]
    assert [clip.metadata["caption"] for clip in clips] == ["", "revenue rose"]
    assert {clip.metadata["media_type"] for clip in clips} == {"video"}
    assert all(clip.video_resource is None for clip in clips)
    windows = ClipSplitter(store=STORE, overlap_seconds=0)(documents[1:])
    assert {window.metadata["media_type"] for window in windows} == {"audio"}
    assert [window.metadata["start_seconds"] for window in windows][:2] == [0, 10]
    assert windows[-1].metadata["end_seconds"] == 25
    assert {window.ref_doc_id for window in windows} == {documents[1].id_}


WHISPER = [{"start": 12.0, "end": 14.0, "text": "revenue rose", "tokens": [1, 2]}, {"start": 1, "end": 2, "text": "hi"}]
TIMED = [TimedText(12.0, 14.0, "revenue rose"), TimedText(1.0, 2.0, "hi")]


@pytest.mark.parametrize("said", [WHISPER, TIMED, tuple(TIMED)], ids=["whisper", "list", "tuple"])
def test_what_the_caller_knows_to_be_said(reader, tmp_path, said):
    clip, tone = (only(reader.load_data(path)) for path in (write_clip(tmp_path), write_tone(tmp_path, seconds=25)))

    def captions(transcript, *documents):
        splitter = ClipSplitter(store=STORE, overlap_seconds=0, transcript=transcript)
        assert ClipSplitter.from_dict(json.loads(splitter.to_json())).to_dict() == splitter.to_dict()
        return [node.metadata["caption"] for node in splitter(documents)]

    assert captions(said, clip) == ["hi", "revenue rose"]
    assert captions(said, tone)[:2] == ["hi", "revenue rose"]
    with pytest.raises(InputError, match=r"there are 2 videos and sounds.*\{'talk.mp4': \[\.\.\.\]\}"):
        captions(said, clip, tone)
    for name in ("talk.mp4", str(tmp_path / "talk.mp4"), clip.id_):
        assert captions({name: said}, clip, tone)[:4] == ["hi", "revenue rose", "", ""]
    (tmp_path / "tone.srt").write_text("1\n00:00:12,000 --> 00:00:14,000\na tone\n")
    assert captions({"talk.mp4": said, "tone.wav": "beside"}, clip, tone)[:4] == ["hi", "revenue rose", "", "a tone"]


@pytest.mark.parametrize("wrong", [[1], [{"start": 1}], {"talk.mp4": [None]}])
def test_a_transcript_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="is not 'beside', the path"):
        ClipSplitter(transcript=wrong)


def test_tiles(reader, tmp_path):
    documents = [
        only(reader.load_data(path)) for path in (write_screenshot(tmp_path), draw_picture(tmp_path / "a.png", "red"))
    ]
    nodes = TileSplitter(store=STORE)(documents)
    *tiles, ordinary = nodes
    assert len(tiles) > 1
    assert all(MediaReference.parse(tile.metadata["media_ref"]).box for tile in tiles)
    assert (type(ordinary), ordinary.node_id, ordinary.image_resource.path) == (
        Node,
        documents[1].id_,
        tmp_path / "a.png",
    )


def test_each_cuts_what_it_is_for_and_hands_on_the_rest(reader, tmp_path):
    write_files(tmp_path)
    documents = [*reader.load_data(tmp_path), Document(text="a letter"), TextNode(text="another")]
    nodes = documents
    for splitter in SPLITTERS:
        nodes = splitter(store=STORE)(nodes)
    again = nodes
    for splitter in SPLITTERS:
        again = splitter(store=STORE)(again)
    assert [node.node_id for node in again] == [node.node_id for node in nodes]
    assert nodes[-2:] == documents[-2:]
    kinds = [node.metadata.get("media_type") for node in nodes]
    assert kinds.count("video") == 3
    assert kinds.count("application") == 0


def test_documents_made_elsewhere_are_cut_as_well(tmp_path):
    path = write_screenshot(tmp_path)
    for document in (
        ImageDocument(image_path=str(path), id_="made elsewhere"),
        Document(image_resource=MediaResource(data=path.read_bytes()), id_="made elsewhere"),
    ):
        tiles = TileSplitter(store=STORE)([document])
        assert len(tiles) > 1
        assert {tile.ref_doc_id for tile in tiles} == {"made elsewhere"}


def test_a_file_that_changed_is_an_error_that_names_its_document(reader, tmp_path):
    document = only(reader.load_data(write_report(tmp_path)))
    write_report(tmp_path, "other.pdf")
    (tmp_path / "report.pdf").write_bytes((tmp_path / "other.pdf").read_bytes() + b"\n")
    with pytest.raises(MediaChangedError, match=rf"node '{document.id_}'.*changed"):
        PageSplitter(store=STORE)([document])


async def test_text_only_leaves_media_alone(reader, tmp_path):
    picture = only(reader.load_data(draw_picture(tmp_path / "a.png", "red")))
    split = TextOnly(transformation=SentenceSplitter(chunk_size=30, chunk_overlap=0, include_metadata=False))
    nodes = split([picture, Document(text="A letter about taxes. " * 20), picture])
    assert nodes[0] is nodes[-1] is picture
    assert len(nodes) > 4
    assert [len(one.text) for one in await split.acall(nodes[1:3])] == [len(one.text) for one in nodes[1:3]]


@pytest.mark.parametrize(
    "component",
    [
        PageSplitter(store=STORE, pages="1-3"),
        ClipSplitter(store=STORE, transcript={"a.mp4": TIMED, "b.mp4": "beside"}),
        ClipSplitter(store=STORE, window_seconds=3, overlap_seconds=1, scenes=True),
        TileSplitter(store=STORE, overlap=0.2),
        TextOnly(transformation=SentenceSplitter(chunk_size=77, chunk_overlap=7)),
        MediaReader(store=STORE, keep_bytes=True),
        MediaEmbedding(store=STORE, truncate_dim=3),
        MediaRerank(store=STORE, top_n=7),
        PrepareMediaForLLM(store=STORE, n_frames=2),
    ],
    ids=lambda component: type(component).__name__,
)
def test_every_component_has_a_name_and_comes_back_from_its_dump_and_its_pickle(component):
    kind = type(component)
    assert kind.class_name() == component.to_dict()["class_name"] == kind.__name__
    dump = json.loads(component.to_json())
    assert kind.from_dict(dump).to_dict() == component.to_dict()
    assert copies(component)[0].to_dict() == copies(component)[1].to_dict() == component.to_dict()
    if isinstance(component, TransformComponent):
        assert component([]) == []
