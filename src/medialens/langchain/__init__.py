"""LangChain classes over the shared engine: media in every vector store, retriever, reranker and chain.

Stage: an adapter, near the end. Takes LangChain's strings, content blocks and Documents, gives vectors, scores,
Documents and content blocks. Translates types: models, batches and devices belong to the engine, references, fusion,
budgets and rendering to `medialens.retrieval`. Knows nothing of other frameworks, and needs langchain-core alone.

    file --media.py, parsers.py--> Document --embeddings.py--> any vector store
    query --querying.py, content.py--> retriever.py (stores, lexical, flow, joining) --reranker.py--> Documents
    Documents --rendering.py, tool.py--> content blocks for a chat model

To teach it how another vector store searches for one kind of medium: a row in `stores.py`.
"""

from medialens.extras import require

require("langchain_core", extra="langchain", to="medialens.langchain")

from medialens.langchain.cross_encoder import MediaCrossEncoder  # noqa: E402  # after the check that explains itself
from medialens.langchain.embeddings import MediaEmbeddings  # noqa: E402
from medialens.langchain.lexical import CaptionRetriever  # noqa: E402
from medialens.langchain.media import (  # noqa: E402
    document_key,
    lazy_media_documents,
    media_document,
    media_documents,
    with_media_keys,
)
from medialens.langchain.parsers import (  # noqa: E402
    MediaBlobParser,
    PdfPageParser,
    ScreenshotTileParser,
    SoundWindowParser,
    VideoClipParser,
)
from medialens.langchain.rendering import (  # noqa: E402
    ContentBlocks,
    adocuments_to_content_blocks,
    documents_to_content_blocks,
)
from medialens.langchain.reranker import MediaReranker  # noqa: E402
from medialens.langchain.retriever import MediaRetriever  # noqa: E402
from medialens.langchain.tool import MediaRetrieverTool, create_media_retriever_tool  # noqa: E402

__all__ = [
    "CaptionRetriever",
    "ContentBlocks",
    "MediaBlobParser",
    "MediaCrossEncoder",
    "MediaEmbeddings",
    "MediaReranker",
    "MediaRetriever",
    "MediaRetrieverTool",
    "PdfPageParser",
    "ScreenshotTileParser",
    "SoundWindowParser",
    "VideoClipParser",
    "adocuments_to_content_blocks",
    "create_media_retriever_tool",
    "document_key",
    "documents_to_content_blocks",
    "lazy_media_documents",
    "media_document",
    "media_documents",
    "with_media_keys",
]
