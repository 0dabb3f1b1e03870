"""The reranker: a query and a document of the same drawn domain to one score, trained on what looks nearly alike.

Stage: the embedder is there, whose towers it starts from. Takes settings and a seed, gives a trained network and its
repository.
"""
