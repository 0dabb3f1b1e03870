"""A retriever as a tool that shows agents what it found, pictures and all."""

from __future__ import annotations

from typing import Annotated, Any, Unpack

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import ArgsSchema, BaseTool, InjectedToolCallId
from pydantic import BaseModel, Field

from medialens.langchain.rendering import (
    ContentBlocks,
    RenderOptions,
    adocuments_to_content_blocks,
    documents_to_content_blocks,
)


class _Arguments(BaseModel):
    query: str = Field(description="What to look for, in words.")
    tool_call_id: Annotated[str, InjectedToolCallId]


class MediaRetrieverTool(BaseTool):
    """Retrieves for an agent, and answers with a message of content blocks; made by `create_media_retriever_tool`.

    Called by an agent it gives a `ToolMessage` itself, because LangChain writes lists with video or audio blocks into
    the prompt as JSON. Called with plain arguments it gives the blocks.
    """

    args_schema: ArgsSchema = _Arguments
    retriever: BaseRetriever
    options: dict[str, Any] = Field(default_factory=dict, description="`RenderOptions`.")

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002  # its name
        """Run on a tool call, or on plain arguments."""
        if _is_tool_call(input):
            return super().invoke(input, config, **kwargs)
        return super().invoke(self._call(input), config, **kwargs).content

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """Run on a tool call, or on plain arguments."""
        if _is_tool_call(input):
            return await super().ainvoke(input, config, **kwargs)
        return (await super().ainvoke(self._call(input), config, **kwargs)).content

    def _call(self, arguments: Any) -> Any:
        args = {"query": arguments} if isinstance(arguments, str) else arguments
        return {"type": "tool_call", "name": self.name, "args": args, "id": ""}

    def _run(
        self, query: str, tool_call_id: str, *, run_manager: CallbackManagerForToolRun | None = None
    ) -> ToolMessage:
        config: RunnableConfig = {"callbacks": run_manager.get_child() if run_manager else None}
        documents = self.retriever.invoke(query, config=config)
        return self._message(documents_to_content_blocks(documents, **self.options), documents, tool_call_id)

    async def _arun(
        self, query: str, tool_call_id: str, *, run_manager: AsyncCallbackManagerForToolRun | None = None
    ) -> ToolMessage:
        config: RunnableConfig = {"callbacks": run_manager.get_child() if run_manager else None}
        documents = await self.retriever.ainvoke(query, config=config)
        return self._message(await adocuments_to_content_blocks(documents, **self.options), documents, tool_call_id)

    def _message(self, blocks: ContentBlocks, documents: list[Document], tool_call_id: str) -> ToolMessage:
        content: Any = blocks or [{"type": "text", "text": "Nothing was found."}]
        return ToolMessage(content=content, artifact=documents, tool_call_id=tool_call_id, name=self.name)


def create_media_retriever_tool(
    retriever: BaseRetriever, name: str, description: str, **options: Unpack[RenderOptions]
) -> MediaRetrieverTool:
    """A tool with which an agent looks things up, and sees them.

    Args:
        retriever: Any that gives documents.
        name: What the chat model calls it.
        description: When to use it, for the chat model.
        **options: How documents are shown; see `RenderOptions`.

    Returns:
        A tool whose messages hold content blocks, and the documents as their ``artifact``.
    """
    documents_to_content_blocks([], **options)  # raises now if there is no such option
    return MediaRetrieverTool(name=name, description=description, retriever=retriever, options=dict(options))


def _is_tool_call(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "tool_call"
