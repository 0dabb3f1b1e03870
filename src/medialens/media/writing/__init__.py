"""Writing: media back to files, to look at and to play.

Takes decoded pictures, packets, frames and samples; gives bytes (`render.py`) or a file that appears at once and whole
(`video_writer.py`), its packets copied (`track_copy.py`) or its frames and sound coded anew (`track_encode.py`). Knows
nothing of items: `media/showing.py` and `media/clip_export.py` choose what is written.

To add a way to code: a function as `track_encode.encode_pictures` is, and a choice in `clip_export.py`.
"""
