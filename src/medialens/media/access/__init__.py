"""Access: bytes in, from a path or a URL, only as the limits allow, and told apart by what they are.

Takes a path or an address and `MediaLimits`; gives bytes, or a `local_file.LocalFile` that is opened again whenever
it is looked at. Knows nothing of pictures, clips and sounds.

    path --files.py: roots, links, sizes--> bytes             small files
         --local_file.py: digest, checks--> LocalFile         files whose decoders seek
    URL  --fetch.py: hops, bounds--> lookup.py --> connection.py --> bytes
    bytes --sniff.py, iso_boxes.py--> type                    extensions and declared types are not asked

To add a scheme of URLs: a function as `fetch.fetch_url` is, and a line in `media/source.py`. To add a file type: its
magic bytes in `sniff.py`.
"""
