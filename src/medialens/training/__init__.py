"""How the embedded models come about: drawn pictures, what people say of them, and the recipes.

Stage: above the public handles, below the adapters. Takes a seed, gives a repository in the hub's file layout and
the numbers it measured. The models that it makes are loaded like any others; nothing outside this folder, the
demonstration and the command line knows it.

`drawing/`, `language/`, `captions.py`: pictures, clips, and what people say of them. `examples.py`, `facts.py`,
`tokens.py`: batches of them. `run.py`, `checkpoint.py`, `calibration.py`, `repository.py`, `card.py`, `curve.py`: what
all recipes share. `embedder/`, `reranker/`: the recipes. `measuring/`: how good the result is.
"""
