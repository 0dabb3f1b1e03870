"""A multimodal language model that answers nothing and remembers what it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.llms import CustomLLM
from pydantic import PrivateAttr


class RecordingLLM(CustomLLM):
    _calls: list[list[ChatMessage]] = PrivateAttr(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True, context_window=200_000, num_output=256)

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        self._calls.append(list(messages))
        return ChatResponse(message=ChatMessage(role="assistant", content="an answer"))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self.chat(messages)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        raise NotImplementedError

    @property
    def calls(self) -> list[list[Any]]:
        """The blocks of the user's messages, of each call."""
        return [
            [block for message in call if message.role == "user" for block in message.blocks] for call in self._calls
        ]

    def blocks(self) -> list[Any]:
        """All blocks of the user's messages, in order."""
        return [block for blocks in self.calls for block in blocks]
