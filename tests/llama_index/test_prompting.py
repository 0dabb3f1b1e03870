"""What a language model is sent of what was found: the blocks themselves, recorded by the model."""

import base64
import copy
import io
import json
import pickle
import re

import numpy as np
import PIL.Image
import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import ImageNode, MediaResource, MetadataMode, Node, NodeWithScore, QueryBundle, TextNode
from tests.llama_index.files import write_clip, write_report, write_screenshot, write_tone
from tests.llama_index.llms import RecordingLLM
from tests.media.encoding import noise
from tests.pictures import draw_picture

from medialens.errors import InputError, MediaNotFoundError
from medialens.inputs import Image
from medialens.llama_index import (
    ClipSplitter,
    MediaEmbedding,
    MediaQuery,
    MediaReader,
    MediaRerank,
    MediaVectorStoreIndex,
    PageSplitter,
    PrepareMediaForLLM,
    TileSplitter,
    media_node,
)
from medialens.media.store import open_store

STORE = "memory://llama-index-prompting"


def found(*nodes):
    return [NodeWithScore(node=node, score=1 - number / 10) for number, node in enumerate(nodes)]


def sent(nodes, query=None, **settings):
    """The blocks of each node."""
    prepared = PrepareMediaForLLM(store=STORE, **settings).postprocess_nodes(nodes, query)
    return [one.node.get_content_blocks(MetadataMode.LLM) for one in prepared]


def texts(blocks):
    return [block.text.removeprefix("\n") for block in blocks if block.block_type == "text"]


def pictures(blocks):
    return [
        np.array(PIL.Image.open(io.BytesIO(block.resolve_image().read())).convert("RGB")).astype(int)
        for block in blocks
        if block.block_type == "image"
    ]


@pytest.fixture
def red(tmp_path):
    return draw_picture(tmp_path / "red.png", "red")


@pytest.fixture
def cut(tmp_path):
    """The second page, the second tile and the second clip."""
    reader = MediaReader(store=STORE)

    def piece(splitter, path):
        return splitter(reader.load_data(path))[1]

    return [
        piece(PageSplitter(store=STORE), write_report(tmp_path)),
        piece(TileSplitter(store=STORE), write_screenshot(tmp_path)),
        piece(ClipSplitter(store=STORE, overlap_seconds=0), write_clip(tmp_path)),
    ]


def test_a_picture_is_sent_with_label_and_caption(red):
    (blocks,) = sent(found(media_node(red, caption="A red picture", store=STORE, metadata={"team": "x"})))
    assert texts(blocks) == ["[1] red.png", "team: x\n\nA red picture"]
    assert [block.block_type for block in blocks] == ["text", "image", "text"]
    assert blocks[1].resolve_image().read() == red.read_bytes()
    assert blocks[1].image_mimetype == "image/png"


def test_large_pictures_are_made_smaller(tmp_path):
    PIL.Image.fromarray(noise(600, 900)).save(tmp_path / "large.png")
    node = media_node(tmp_path / "large.png", store=STORE)
    (shown,) = pictures(sent(found(node), max_side=300)[0])
    assert shown.shape == (200, 300, 3)
    (shown,) = pictures(sent(found(node), max_pixels=60_000)[0])
    assert shown.shape[0] * shown.shape[1] <= 60_000


def test_pieces_are_sent_as_the_pieces_they_are(cut):
    page, tile, clip = sent(found(*cut), n_frames=2)
    assert texts(page) == ["[1] report.pdf, page 2", "caption: revenue"]
    (shown,) = pictures(page)
    assert shown.shape == (144, 144, 3)
    assert np.median(shown) == 0
    x, y, width, height = map(int, cut[1].metadata["box"].split(","))
    assert texts(tile) == [f"[2] screenshot.png, part {x},{y},{width},{height}"]
    (shown,) = pictures(tile)
    assert shown.shape == (height, width, 3)
    assert texts(clip) == ["[3] talk.mp4, 0:10-0:20\nat 0:12", "at 0:17"]
    for frame in pictures(clip):
        assert np.abs(frame - (255, 255, 0)).max() < 12  # lossy coding


def test_sounds_and_whole_videos_are_sent_to_models_that_take_them(tmp_path):
    tone, talk = write_tone(tmp_path), write_clip(tmp_path)
    nodes = found(media_node(tone, store=STORE), media_node(talk, store=STORE))
    sound, clip = sent(nodes, audio="block", video="block")
    assert [block.block_type for block in sound] == ["text", "audio"]
    assert (sound[1].resolve_audio().read(), sound[1].format) == (tone.read_bytes(), "wav")
    assert (clip[1].resolve_video().read(), clip[1].video_mimetype) == (talk.read_bytes(), "video/mp4")
    sound, clip = sent(nodes, video="omit")
    assert texts(sound) == ["[1] tone.wav\n(audio not shown: audio='omit')"]
    assert texts(clip) == ["[2] talk.mp4\n(video not shown: video='omit')"]


def test_the_budget_goes_to_the_best_and_the_rest_is_said(red, tmp_path):
    blue = draw_picture(tmp_path / "blue.png", "blue")
    nodes = found(*(media_node(path, store=STORE) for path in (red, blue, red)))
    first, second, third = sent(nodes)
    assert texts(third) == ["[3] red.png\n(image not shown: the same as in [1])"]
    assert len(pictures(first) + pictures(second)) == 2
    first, second, _ = sent(nodes, max_items=1)
    assert len(pictures(first)) == 1
    assert texts(second)[0].startswith("[2] blue.png\n(image not shown: max_items=1")
    first, second, _ = sent(nodes, max_total_pixels=128 * 96)
    assert (len(pictures(first)), len(pictures(second))) == (1, 0)
    first, second, _ = sent(nodes, max_total_bytes=4 * len(red.read_bytes()) // 3 + 4)
    assert (len(pictures(first)), len(pictures(second))) == (1, 0)


async def test_a_missing_medium_becomes_a_note(red, tmp_path):
    gone = draw_picture(tmp_path / "gone.png", (10, 20, 250))  # no other file of the store has these bytes
    nodes = found(media_node(gone, caption="A blue picture", store=STORE), media_node(red, store=STORE))
    gone.unlink()
    first, second = sent(nodes)
    assert texts(first) == ["[1] gone.png\nA blue picture\n(image not shown: it cannot be read)"]
    assert len(pictures(second)) == 1
    prepared = await PrepareMediaForLLM(store=STORE).apostprocess_nodes(nodes)
    assert [one.node.get_content_blocks(MetadataMode.LLM) for one in prepared] == [first, second]
    with pytest.raises(MediaNotFoundError, match=rf"node '{nodes[0].node_id}'.*gone\.png"):
        sent(nodes, errors="raise")


def test_media_that_llama_index_dropped_and_stores_that_know_nothing_become_notes(red, caplog):
    shell = Node.from_json(Node(image_resource=MediaResource(data=red.read_bytes()), metadata={"a": "b"}).to_json())
    known = media_node(red, store=STORE)
    (blocks,) = sent(found(shell))
    assert texts(blocks) == ["[1] text\n(image not shown: it cannot be read)"]
    assert "neither data nor path" in caplog.text
    prepared = PrepareMediaForLLM(store="memory://llama-index-prompting-empty").postprocess_nodes(found(known))
    (note,) = prepared[0].node.get_content_blocks(MetadataMode.LLM)
    assert note.text == "[1] red.png\n(image not shown: it cannot be read)"
    with pytest.raises(InputError, match="neither data"):
        sent(found(shell), errors="raise")


def test_other_nodes_are_sent_too(red):
    nodes = found(
        TextNode(text="a letter", metadata={"from": "Ann"}),
        ImageNode(image_path=str(red), text="its caption"),
        Node(image_resource=MediaResource(data=base64.b64encode(red.read_bytes()))),
        TextNode(text="this <media://x> is no reference"),
    )
    text, old, data, odd = sent(nodes)
    assert texts(text) == ["[1] text\nfrom: Ann\n\na letter"]
    assert texts(old) == ["[2] text", "its caption"]
    assert len(pictures(old)) == 1
    assert texts(data) == ["[3] text\n(image not shown: the same as in [2])"]
    assert texts(odd) == ["[4] text\nthis <media://x> is no reference"]


def test_a_medium_that_a_node_names_twice_is_shown_or_noted_once(red, tmp_path):
    reference = media_node(red, store=STORE).metadata["media_ref"]
    unknown = f"<media://sha256/{'0' * 64}?type=image/png>"
    nodes = found(
        Node(image_resource=MediaResource(path=red), text_resource=MediaResource(text=f"see {unknown}")),
        Node(metadata={"media_ref": reference}, text_resource=MediaResource(text="its own words")),
    )
    first, second = sent(nodes)
    assert texts(first) == ["[1] text", "see\n(image not shown: it cannot be read)"]
    assert len(pictures(first)) == 1
    assert texts(second) == ["[2] text\nits own words\n(image not shown: the same as in [1])"]


def test_the_medium_of_the_query_is_sent_last_and_first_in_the_budget(red, tmp_path):
    blue = draw_picture(tmp_path / "blue.png", "blue")
    nodes = found(media_node(red, store=STORE))
    reference = media_node(blue, store=STORE).metadata["media_ref"]
    for query in (
        QueryBundle("what is it?", image_path=str(blue)),
        MediaQuery("what is it?", media=Image(blue)),
        QueryBundle(reference),
    ):
        node, asked = sent(nodes, query)
        assert len(pictures(node)) == 1
        assert texts(asked) == ["What the question is about:"]
        assert asked[1].resolve_image().read() == blue.read_bytes()
        node, asked = sent(nodes, query, max_items=1)
        assert (len(pictures(node)), len(pictures(asked))) == (0, 1)
        assert len(sent(nodes, query, send_query=False)) == 1
    assert len(sent(nodes, QueryBundle("words alone"))) == 1


def test_nodes_keep_what_they_are(red, cut):
    nodes = found(media_node(red, store=STORE), *cut)
    before = [one.model_dump() for one in nodes]
    prepared = PrepareMediaForLLM(store=STORE).postprocess_nodes(nodes)
    assert [one.model_dump() for one in nodes] == before
    for one, other in zip(prepared, nodes, strict=True):
        assert (one.node_id, one.score, one.node.metadata) == (other.node_id, other.score, other.node.metadata)
        assert one.node.ref_doc_id == other.node.ref_doc_id
        assert len(json.dumps(one.to_dict())) < 5000  # no bytes of pictures
    assert PrepareMediaForLLM().postprocess_nodes([]) == []


def test_its_dump_gives_it_back():
    settings = PrepareMediaForLLM(store=STORE, max_items=3, video="omit")
    assert PrepareMediaForLLM.from_dict(settings.to_dict()).to_dict() == settings.to_dict()
    assert settings.to_dict()["class_name"] == PrepareMediaForLLM.class_name() == "PrepareMediaForLLM"
    with pytest.raises(ValueError, match="no_such"):
        PrepareMediaForLLM(no_such=1)


@pytest.fixture
def engine(fakes, red, tmp_path):
    def build(llm, send_query=True, **options):
        embedding = MediaEmbedding(store=STORE)
        write_report(tmp_path)
        index = MediaVectorStoreIndex.from_documents(
            [*MediaReader(store=STORE).load_data(tmp_path)], embed_model=embedding
        )
        rerank = MediaRerank(store=STORE, top_n=2)
        prepare = PrepareMediaForLLM(store=STORE, send_query=send_query)
        return index.as_query_engine(
            llm=llm, multimodal=True, similarity_top_k=5, node_postprocessors=[rerank, prepare], **options
        )

    return build


@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize", "simple_summarize", "accumulate"])
async def test_a_stock_query_engine_sends_them(engine, red, tmp_path, mode):
    for ask in ("query", "aquery"):
        llm = RecordingLLM()
        answer = getattr(engine(llm, response_mode=mode), ask)("a red picture")
        answer = answer if ask == "query" else await answer
        assert "an answer" in str(answer)
        sent = [block for block in llm.blocks() if block.block_type == "image"]
        assert base64.b64encode(red.read_bytes()).decode() in sent[0].inline_url()
        assert len(sent) == 2
        assert answer.source_nodes[0].metadata["source"] == str(red)


async def test_the_picture_that_was_asked_about_reaches_the_language_model(engine, red, tmp_path_factory):
    other = draw_picture(tmp_path_factory.mktemp("asked") / "other.png", (250, 0, 0))
    for ask in ("query", "aquery"):
        llm = RecordingLLM()
        query = QueryBundle("is there one like this?", image_path=str(other))
        answer = getattr(engine(llm), ask)(query)
        answer = answer if ask == "query" else await answer
        sent = [block.inline_url() for block in llm.blocks() if block.block_type == "image"]
        assert sent[-1].endswith(base64.b64encode(other.read_bytes()).decode())
        assert answer.source_nodes[0].metadata["source"] == str(red)


@pytest.mark.parametrize(("mode", "n_calls"), [("refine", 2), ("accumulate", 2), ("compact", 1)])
async def test_the_picture_that_was_asked_about_reaches_every_call(engine, red, tmp_path_factory, mode, n_calls):
    other = draw_picture(tmp_path_factory.mktemp("asked") / "other.png", (250, 0, 0))
    query = QueryBundle("is there one like this?", image_path=str(other))
    for ask in ("query", "aquery"):
        llm = RecordingLLM()
        answer = getattr(engine(llm, send_query="each", response_mode=mode), ask)(query)
        answer = answer if ask == "query" else await answer
        assert len(llm.calls) == n_calls
        for blocks in llm.calls:
            images = [block.inline_url() for block in blocks if block.block_type == "image"]
            assert images[-1].endswith(base64.b64encode(other.read_bytes()).decode())
            assert "What the question is about:" in texts(blocks)[-2]
        assert len(answer.source_nodes) == 2


def test_what_was_asked_about_is_sent_where_nothing_was_found(red):
    ((question, picture),) = sent([], QueryBundle("?", image_path=str(red)), send_query="each")
    assert (question.text, picture.block_type) == ("What the question is about:", "image")


def test_labels_begin_lines_also_where_llama_index_joins_texts(engine, red, tmp_path):
    index = MediaVectorStoreIndex(
        nodes=[TextNode(text=f"a red letter {number}") for number in range(3)], embed_model=MediaEmbedding(store=STORE)
    )
    llm = RecordingLLM()
    prepare = PrepareMediaForLLM(store=STORE)
    index.as_query_engine(llm=llm, multimodal=True, similarity_top_k=3, node_postprocessors=[prepare]).query("red")
    (text,) = texts(llm.calls[0])
    assert len(re.findall(r"^\[[123]\] text$", text, re.MULTILINE)) == 3


def test_what_was_prepared_survives_pickling_and_copying(red, cut):
    prepared = PrepareMediaForLLM(store=STORE).postprocess_nodes(found(media_node(red, store=STORE), *cut))
    for again in (pickle.loads(pickle.dumps(prepared)), copy.deepcopy(prepared)):  # noqa: S301  # our own
        for one, other in zip(again, prepared, strict=True):
            assert one.node.get_content_blocks(MetadataMode.LLM) == other.node.get_content_blocks(MetadataMode.LLM)
            assert one.node.get_content(MetadataMode.LLM) == other.node.get_content(MetadataMode.LLM)
            assert (one.node_id, one.score, one.metadata) == (other.node_id, other.score, other.metadata)


async def test_a_citation_engine_sends_them(fakes, red, tmp_path):
    embedding = MediaEmbedding(store=STORE)
    write_report(tmp_path)
    documents = MediaReader(store=STORE).load_data(tmp_path)  # the picture, and two pages of which no file is kept
    index = MediaVectorStoreIndex.from_documents(documents, embed_model=embedding)
    for ask in ("query", "aquery"):
        llm = RecordingLLM()
        prepare = PrepareMediaForLLM(store=STORE)
        engine = CitationQueryEngine.from_args(
            index, llm=llm, multimodal=True, similarity_top_k=3, node_postprocessors=[prepare]
        )
        answer = getattr(engine, ask)("a red picture")
        assert "an answer" in str(answer if ask == "query" else await answer)
        assert len(pictures(llm.blocks())) == 3


async def test_a_chat_engine_that_asks_a_query_engine_sends_them(fakes, red):
    embedding = MediaEmbedding(store=STORE)
    index = MediaVectorStoreIndex(nodes=[media_node(red, store=STORE)], embed_model=embedding)
    for ask in ("chat", "achat"):
        llm = RecordingLLM()
        prepare = PrepareMediaForLLM(store=STORE)
        memory = ChatMemoryBuffer.from_defaults(llm=llm)  # the default one leaves a data base open
        chat = index.as_chat_engine(
            "condense_question", llm=llm, memory=memory, multimodal=True, node_postprocessors=[prepare]
        )
        answer = getattr(chat, ask)("a red picture")
        assert str(answer if ask == "chat" else await answer) == "an answer"
        assert len(pictures(llm.blocks())) == 1


async def test_one_missing_file_does_not_cost_the_answer(fakes, red, tmp_path):
    embedding = MediaEmbedding(store=STORE)
    gone = draw_picture(tmp_path / "gone.png", (250, 10, 20))
    index = MediaVectorStoreIndex.from_documents(
        [media_node(path, store=STORE) for path in (red, gone)], embed_model=embedding
    )
    gone.unlink()
    llm = RecordingLLM()
    postprocessors = [MediaRerank(store=STORE, errors="last"), PrepareMediaForLLM(store=STORE)]
    engine = index.as_query_engine(llm=llm, multimodal=True, node_postprocessors=postprocessors)
    for answer in (engine.query("a red picture"), await engine.aquery("a red picture")):
        assert [one.metadata["source"] for one in answer.source_nodes] == [str(red), str(gone)]
    said = "\n".join(block.text for block in llm.blocks() if block.block_type == "text")
    assert said.count("[2] gone.png\n(image not shown: it cannot be read)") == 2


def test_a_stock_index_without_it_sends_no_whole_film_for_a_clip(fakes, tmp_path, cut):
    clip = cut[2]
    assert clip.video_resource is None
    assert open_store(STORE).read(clip.metadata["thumbnail_ref"])
    clip.embedding = [1.0] * 32
    llm = RecordingLLM()
    index = VectorStoreIndex(nodes=[clip], embed_model=MediaEmbedding(store=STORE))
    index.as_query_engine(llm=llm, multimodal=True).query("x")
    assert not [block for block in llm.blocks() if block.block_type == "video"]
