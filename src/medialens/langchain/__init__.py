"""LangChain classes over the shared engine: media in every vector store, retriever and chain.

Stage: an adapter, near the end. Takes LangChain's strings and Documents, gives vectors, scores and Documents.
Translates types and nothing else: models, batches and devices belong to the engine, the reading of references to
`medialens.retrieval`. Knows nothing of other frameworks.

`embeddings.py`: `MediaEmbeddings`. `reranker.py`: `MediaReranker`. `media.py`: files -> Documents.
"""

from medialens.extras import require

require("langchain_core", extra="langchain", to="medialens.langchain")

from medialens.langchain.embeddings import MediaEmbeddings  # noqa: E402  # after the check that explains itself
from medialens.langchain.media import document_key, media_document  # noqa: E402
from medialens.langchain.reranker import MediaReranker  # noqa: E402

__all__ = ["MediaEmbeddings", "MediaReranker", "document_key", "media_document"]
