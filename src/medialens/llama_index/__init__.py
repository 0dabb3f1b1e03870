"""LlamaIndex classes over the shared engine: media nodes through index, retriever and postprocessor.

Stage: an adapter, near the end. Takes LlamaIndex's nodes and query bundles, gives vectors, scores and nodes.
Translates types and nothing else: models, batches and devices belong to the engine, the reading of references to
`medialens.retrieval`. Knows nothing of other frameworks.

    reader.py --> splitters.py --> embeddings.py --> index.py --> retriever.py --> reranker.py --> prompting.py
    documents     pieces           vectors           stores.py    hits             fewer hits      what an LLM is sent

`nodes.py`: files as nodes. `adopting.py`: nodes made elsewhere, as ours. `items.py`: nodes and queries as what the
handles take. `query_dump.py`: queries as plain values. `facts.py`: what metadata say. `text_only.py`,
`transcripts.py`: for `splitters.py`. `prepared.py`: for `prompting.py`. `pipeline.py`: ingestion.
`index_arguments.py`: what `index.py` is given. `index_retriever.py`, `lexical.py`, `joining.py`: one index, words,
and neighbours, for `retriever.py`.
"""

from medialens.extras import require

require("llama_index.core", extra="llama-index", to="medialens.llama_index")

from medialens.llama_index.embeddings import MediaEmbedding  # noqa: E402  # after the check that explains itself
from medialens.llama_index.index import MediaVectorStoreIndex  # noqa: E402
from medialens.llama_index.items import MediaQuery  # noqa: E402
from medialens.llama_index.lexical import CaptionRetriever  # noqa: E402
from medialens.llama_index.nodes import MediaDocument, file_id, media_node  # noqa: E402
from medialens.llama_index.pipeline import MediaIngestionPipeline  # noqa: E402
from medialens.llama_index.prompting import PrepareMediaForLLM  # noqa: E402
from medialens.llama_index.reader import MediaReader  # noqa: E402
from medialens.llama_index.reranker import MediaRerank  # noqa: E402
from medialens.llama_index.retriever import MediaRetriever  # noqa: E402
from medialens.llama_index.splitters import ClipSplitter, PageSplitter, TileSplitter  # noqa: E402
from medialens.llama_index.text_only import TextOnly  # noqa: E402

__all__ = [
    "CaptionRetriever",
    "ClipSplitter",
    "MediaDocument",
    "MediaEmbedding",
    "MediaIngestionPipeline",
    "MediaQuery",
    "MediaReader",
    "MediaRerank",
    "MediaRetriever",
    "MediaVectorStoreIndex",
    "PageSplitter",
    "PrepareMediaForLLM",
    "TextOnly",
    "TileSplitter",
    "file_id",
    "media_node",
]
