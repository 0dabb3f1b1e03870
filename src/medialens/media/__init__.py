"""Media: bytes in, decoded pictures and sounds out, and back.

Stage: after `inputs`, before `models`. Takes the parts a caller handed in and reads what they point to, within
limits; gives upright, opaque, 8-bit RGB pixels, of clips those of a few moments, and of sounds one channel at the
model's rate. Knows nothing of models, engines, frameworks and devices.

    inputs.Item --resolve--> ResolvedItem --decode--> DecodedItem                     decode.py, a row per kind

    part --source.py--> Encoded -----> parts/image.py -> pictures/ -----------------> DecodedImage
         access/        bytes         or, of a page,  -> pages/ -> pictures/
         store.py       digest     --> parts/video.py -> videos/ (moments.py: when) -> DecodedVideo
         stores/        type       --> parts/audio.py -> sounds/ --------------------> DecodedAudio

The modules of this folder are what others use; each folder is one step, and imports only those after it:

    capture/    a web page, as a picture         pages/     PDF, as pictures and text
    segment/    a file, as many pieces           pictures/  to upright, opaque RGB
    parts/      each kind of part of an item     stores/    where a store keeps its entries
    writing/    files to look at and to play     access/    paths and URLs, to bytes and their type
    sounds/     to one channel, at any rate      threads/   what threads share and forks must not cut
    videos/     to the few frames looked at

Files whose decoders seek (videos, sounds, PDFs) are never held: `Encoded` is then an `access.local_file.LocalFile`,
checked against its digest whenever it is opened.

To add a kind of medium: a part class in `inputs`, a decoded type in `decoded.py`, a folder here that decodes it, a
module in `parts/`, a row in `decode.py`, and its magic bytes in `access/sniff.py`. Importing this package imports no
decoder.
"""
