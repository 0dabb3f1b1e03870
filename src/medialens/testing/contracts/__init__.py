"""What every adapter promises, as test classes to subclass.

A framework's test says how its adapter is called, in a few one-line methods, and inherits the tests:

    class TestMediaEmbeddings(EmbeddingsContract):
        def make(self, **settings):
            return MediaEmbeddings(model="demo", **settings)

        def embed_texts(self, adapter, texts):
            return adapter.embed_documents(texts)
        ...

The tests need pytest's ``tmp_path`` and nothing else of it. They draw their own pictures and hold for any model
that takes text and pictures; what a model knows about the world is not their business.

`embeddings.py` and `reranker.py` hold the contracts, `checks.py` what both use. A new promise of all adapters is a
new test there.
"""

from medialens.testing.contracts.embeddings import EmbeddingsContract
from medialens.testing.contracts.reranker import RerankerContract

__all__ = ["EmbeddingsContract", "RerankerContract"]
