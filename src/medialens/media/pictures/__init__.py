"""Pictures: whatever a picture comes as, to upright, opaque, 8-bit RGB pixels.

Takes encoded bytes, PIL images, arrays and tensors; gives `decoded.DecodedImage`. Knows nothing of items, pages and
clips.

    bytes, PIL image --image.py: sniff, limits--> load --pixels.py: rotation, alpha, colour profile--> DecodedImage
    array, tensor -----image.py: limits----------> arrays.py -------------------------------------->

To add an encoding: its Pillow plugin in the table of `image.py`, its magic bytes in `access/sniff.py`.
"""
