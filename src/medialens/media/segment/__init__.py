"""Segments: one file, as the many pieces of it that can be found.

Stage: after decoding, before `retrieval`. Takes a file that a store knows, or is about to; gives `Segment`s, each a
reference to a page, a tile, or a window of time, with its text and a thumbnail. Copies nothing: a piece is cut out of
the file whenever it is looked at. Knows nothing of models and frameworks.

To add a way to cut: a module here with a function from a file to segments.
"""
