"""Videos: whatever a clip comes as, to the few frames that are looked at.

Takes files (animated pictures by Pillow, videos by PyAV or torchcodec), arrays, lists of pictures and opened decoders;
gives `decoded.DecodedVideo`, or frame after frame for thumbnails and cuts. Knows nothing of items and models.

    video.py --type--> animation.py, avif.py                            animated pictures
                       backends.py --> containers.py: opened            mp4, webm ...
                                       timeline.py: when frames begin
                                       frame_reader.py, torchcodec_frames.py; orientation.py: upright
             --------> frames.py                                        arrays and lists
             --------> decoder.py                                       torchcodec's VideoDecoder, handed in
    stills.py: a frame of every window, in one pass over the file

What sounds need as well is here, too: `containers.FORMATS` and `ffmpeg.py`, how FFmpeg's errors are told.
To add a container: a row in `containers.FORMATS`, its magic bytes in `access/sniff.py`. To add a library: a choice in
`backends.py`.
"""
