"""Parts: one module for each kind of part of an item, with what `media.decode` does to it.

Takes a part of `inputs`; gives a `resolved.ResolvedPart` (bytes read, digest taken, nothing decoded), and of it a
decoded part, as the model's `decoded.MediaNeeds` ask. Knows nothing of how files are decoded: `pictures/`, `pages/`,
`videos/` and `sounds/` do that.

To add a kind: a module with a `resolve_` and a `decode_` function, and a row in `media/decode.py`.
"""
