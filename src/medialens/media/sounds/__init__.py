"""Sounds: however they come, to one channel at the rate that a model hears.

Takes files with sound, arrays, tensors, dicts and opened decoders; gives `decoded.DecodedAudio`. Knows nothing of items
and models.

    audio.py --> file.py: opened --> track.py: from any sample on; clock.py: which sample that is
             --> samples.py                                             arrays, dicts
             --> decoder.py                                             torchcodec's AudioDecoder, handed in
             all of them: waveforms.py: one channel --> resampling.py: windows, at any rate
    probing.py: how long a sound is, to the sample

To add a format: a row in `file.FORMATS`, its magic bytes in `access/sniff.py`.
"""
