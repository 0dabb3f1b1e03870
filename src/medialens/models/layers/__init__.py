"""Small parts that several families share: tokens, pixels, pooling, heads, loading of a backbone.

Each file is one idea, mostly pure functions of tensors with their shapes in the signature. Knows no family and
no file name of any repository but those of image processor settings (`pixel_settings.py`).
"""
