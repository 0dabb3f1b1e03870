"""How the embedded models come about: drawn pictures, what people say of them, and the recipe.

Stage: above the public handles, below the adapters. Takes a seed, gives a repository in the hub's file layout and
the numbers it measured. The models that it makes are loaded like any others; nothing outside this folder, the
demonstration and the command line knows it.

`drawing/`, `language/`: pictures and captions. `examples.py`, `tokens.py`, `network.py`, `loss.py`, `recipe.py`:
training. `calibration.py`, `export.py`, `card.py`: the repository. `gallery.py`, `measure.py`: how good it is.
"""
