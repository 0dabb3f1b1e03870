"""A retriever as a tool: messages that hold content blocks, not JSON in text."""

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from tests.langchain.scenario import write_tone
from tests.media.clips import film, grey, levels
from tests.pictures import draw_picture

from medialens.langchain import create_media_retriever_tool, media_document

STORE = "memory://langchain-tool"


class Fixed(BaseRetriever):
    documents: list[Document]

    def _get_relevant_documents(self, query, *, run_manager):
        return [] if query == "nothing" else self.documents


@pytest.fixture
def documents(tmp_path):
    write_tone(tmp_path / "tone.wav", hertz=440, seconds=0.1)
    (tmp_path / "clip.mp4").write_bytes(film([grey(level) for level in levels(4)]))
    paths = (draw_picture(tmp_path / "red.png", "red"), tmp_path / "clip.mp4", tmp_path / "tone.wav")
    return [media_document(path, store=STORE) for path in paths]


@pytest.fixture
def tool(documents):
    return create_media_retriever_tool(
        Fixed(documents=documents), "look", "Looks at pictures.", store=STORE, video="block"
    )


def call(query):
    return {"type": "tool_call", "name": "look", "args": {"query": query}, "id": "call-7"}


async def test_an_agent_gets_a_message_of_blocks_with_clips_and_sounds_and_the_documents(tool, documents):
    for message in (tool.invoke(call("x")), await tool.ainvoke(call("x"))):
        assert isinstance(message, ToolMessage)
        assert (message.tool_call_id, message.name, message.status) == ("call-7", "look", "success")
        assert [block["type"] for block in message.content] == ["text", "image", "text", "video", "text", "audio"]
        assert message.artifact == documents


async def test_called_with_plain_arguments_it_gives_the_blocks(tool):
    blocks = tool.invoke(call("x")).content
    assert tool.invoke({"query": "x"}) == await tool.ainvoke({"query": "x"}) == blocks
    assert tool.invoke("x") == blocks


def test_nothing_found_is_said(tool):
    message = tool.invoke(call("nothing"))
    assert (message.content, message.artifact) == ([{"type": "text", "text": "Nothing was found."}], [])


def test_the_chat_model_is_told_of_the_query_alone(tool):
    assert list(tool.tool_call_schema.model_json_schema()["properties"]) == ["query"]
    assert (tool.name, tool.description) == ("look", "Looks at pictures.")


def test_options_are_checked_when_the_tool_is_made(documents):
    with pytest.raises(TypeError, match="unknown options"):
        create_media_retriever_tool(Fixed(documents=documents), "look", "Looks.", max_item=2)


async def test_retrieving_is_a_child_of_the_tools_run(tool):
    class Watching(BaseCallbackHandler):
        def __init__(self):
            self.runs = []

        def on_tool_start(self, serialized, input_str, *, run_id, **kwargs):
            self.runs.append(("tool", run_id, None))

        def on_retriever_start(self, serialized, query, *, run_id, parent_run_id=None, **kwargs):
            self.runs.append(("retriever", run_id, parent_run_id))

    for run in (lambda **config: tool.invoke(call("x"), config), lambda **config: tool.ainvoke(call("x"), config)):
        watching = Watching()
        done = run(callbacks=[watching])
        if not isinstance(done, ToolMessage):
            await done
        (first, tool_id, _), (second, _, parent) = watching.runs
        assert (first, second, parent) == ("tool", "retriever", tool_id)
