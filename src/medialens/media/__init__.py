"""Media: bytes in, decoded pictures and sounds out, and back.

Stage: after `inputs`, before `models`. Takes the parts a caller handed in and reads what they point to, within
limits; gives upright, opaque, 8-bit RGB pixels, of clips those of a few moments, and of sounds one channel at the
model's rate. Knows nothing of models, engines, frameworks and devices.

    inputs.Image -> source.py -> Encoded -> decode.py -> image.py -> DecodedImage -> render.py -> bytes
                    files.py     bytes      a row        pixels.py   uint8 (h, w, 3)
                    fetch.py     digest     per kind     arrays.py
                    store.py     type

    with a page  -> source.py -> Encoded -> image_part.py -> pages.py, pdfium.py -> DecodedImage

    inputs.Video -> source.py -> Encoded -> decode.py -> video.py -> DecodedVideo
                    frames.py    or all     a row        animation.py, video_backends.py: files
                                 frames     per kind     moments.py: when to look

    inputs.Audio -> source.py -> Encoded -> decode.py -> audio.py -> DecodedAudio
                    samples.py   or all     a row        sound_file.py, sound_track.py: files
                                 samples    per kind     resampling.py: windows, at any rate

One file becomes many pieces in `segment/`; a web page becomes a picture in `capture/`; a part of a video becomes a
file of its own in `clip_export.py`.

Files whose decoders seek (videos, sounds, PDFs) are never held: `Encoded` is then a `local_file.LocalFile`, checked
against its digest whenever it is opened.

To add a kind of medium: a part class in `inputs`, a decoded type in `decoded.py`, a module here that decodes it, a
row in `decode.py`, and its magic bytes in `sniff.py`. Importing this package imports no decoder.
"""
