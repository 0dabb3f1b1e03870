"""Stores: what is behind `media.store.MediaStore`.

Takes names, bytes and records; gives them back. Knows nothing of decoding.

    MediaStore --backends.py--> where entries are kept: a folder, memory, any file system of fsspec
               --records.py--> what is known of a medium besides its bytes, and the way to bytes that were not copied

To add a place: a class with the methods of `backends.Backend`, and a line in `backends.open_backend`.
"""
