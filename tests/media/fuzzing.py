"""Files of every kind that is decoded, and mutants of them; run as a program, it looks at mutants and says what came.

    python -m tests.media.fuzzing SEED FIRST LAST KIND...    -> one line of JSON for each mutant, when it is done with

A mutant that takes too long ends the process, by the signal that the system sends when its CPU time is over: also
where compiled code never comes back to Python.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import signal
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage
from tests.media.clips import animate, film, grey, levels
from tests.media.documents import document, square, words
from tests.media.encoding import encode, exif, linear_light_profile, noise

from medialens.errors import MedialensError
from medialens.inputs import Part

CPU_SECONDS = 5.0

# Seeds: small, so that a mutation hits something that counts ----------------------------------------------------


def _scene() -> PilImage.Image:
    picture = PilImage.new("RGB", (48, 40), "white")
    picture.paste((200, 30, 30), (4, 4, 30, 30))
    picture.paste((30, 30, 200), (20, 16, 44, 36))
    return picture


def _moving(n_frames: int = 6, height: int = 32, width: int = 48) -> list[Any]:
    frames = [grey(level, height, width).copy() for level in levels(n_frames)]
    for at, frame in enumerate(frames):
        frame[4:20, 4 * at : 4 * at + 12] = (200, 30, 30)
    return frames


def _tone(container: str, codec: str, rate: int = 8000, sample_format: str = "fltp", bit_rate: int = 0) -> bytes:
    """Half a second of a tone."""
    import av

    samples = (np.sin(np.arange(rate // 2) * 440 * 2 * np.pi / rate) * 0.5).astype(np.float32)
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono", format=sample_format)
        if bit_rate:
            stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=sample_format, layout="mono", rate=rate)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        for packed in resampler.resample(frame):
            output.mux(stream.encode(packed))
        output.mux(stream.encode())
    return file.getvalue()


def _pdf() -> bytes:
    stream = (
        b"<</Type/XObject/Subtype/Image/Width 4/Height 4/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
    )
    packed = zlib.compress(noise(4, 4).tobytes())
    image = b"%b/Length %d>>\nstream\n%b\nendstream" % (stream, len(packed), packed)
    keys = b"/MediaBox[0 0 99 72]/Rotate 90/Resources<</Font<</F 3 0 R>>/XObject<</I 8 0 R>>>>"
    page = square("red", (5, 5, 30, 30)) + words("Hello (there)") + b"q 30 0 0 30 40 40 cm /I Do Q\n"
    return document([page, square("blue", (9, 9, 9, 9))], keys=keys, more=[image])


_SRT = b"1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i> there\n\n2\n00:00:03,000 --> 00:00:04,000\nSecond {\\an8}line\n"
_VTT = (
    b"WEBVTT - a title\n\nNOTE nothing\n\nintro\n00:01.000 --> 00:02.500 align:start\n<v Ann>Hello</v>\n\n"
    b"00:03.000 --> 00:04.000\nSecond line\n"
)

SEEDS: dict[str, Callable[[], bytes]] = {
    "png": lambda: encode(_scene(), exif=exif(6), icc_profile=linear_light_profile()),
    "png-palette": lambda: encode(_scene().convert("P"), transparency=3),
    "png-16": lambda: encode(PilImage.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50)),
    "jpeg": lambda: encode(_scene(), "JPEG", exif=exif(3), icc_profile=linear_light_profile()),
    "jpeg-progressive": lambda: encode(_scene(), "JPEG", progressive=True, subsampling=2),
    "jpeg-cmyk": lambda: encode(_scene().convert("CMYK"), "JPEG"),
    "gif": lambda: encode(_scene().convert("P"), "GIF", transparency=2),
    "gif-animated": lambda: animate(_moving(), "GIF"),
    "webp": lambda: encode(_scene(), "WEBP", quality=80, exif=exif(8)),
    "webp-lossless": lambda: encode(_scene().convert("RGBA"), "WEBP", lossless=True),
    "webp-animated": lambda: animate(_moving(), "WEBP"),
    "tiff": lambda: encode(_scene(), "TIFF"),
    "tiff-lzw": lambda: encode(_scene(), "TIFF", compression="tiff_lzw"),
    "tiff-deflate": lambda: encode(_scene().convert("I;16"), "TIFF", compression="tiff_adobe_deflate"),
    "tiff-jpeg": lambda: encode(_scene(), "TIFF", compression="jpeg"),
    "tiff-fax": lambda: encode(_scene().convert("1"), "TIFF", compression="group4"),
    "bmp": lambda: encode(_scene(), "BMP"),
    "bmp-palette": lambda: encode(_scene().convert("P"), "BMP"),
    "apng": lambda: animate(_moving(), "PNG"),
    "ppm": lambda: encode(_scene(), "PPM"),
    "avif": lambda: encode(_scene(), "AVIF"),
    "avif-animated": lambda: animate(_moving(), "AVIF"),
    "jp2": lambda: encode(_scene(), "JPEG2000"),
    "mp4": lambda: film(_moving(12), rotation=90),
    # Of smaller pictures this encoder writes beyond its memory.
    "mp4-hevc": lambda: film(_moving(6, 64, 64), codec="libx265", **{"x265-params": "log-level=none"}),
    "mp4-faststart": lambda: film(_moving(), movflags="faststart", keyframe_every=2),
    "mp4-fragmented": lambda: film(_moving(), movflags="frag_keyframe+empty_moov"),
    "mov": lambda: film(_moving(), container="mov", codec="mpeg4"),
    "webm": lambda: film(_moving(), container="webm", codec="libvpx-vp9"),
    "mkv": lambda: film(_moving(), container="matroska", codec="libvpx"),
    "mkv-ffv1": lambda: film(_moving(), container="matroska", codec="ffv1"),
    "avi": lambda: film(_moving(), container="avi", codec="mpeg4"),
    "avi-mjpeg": lambda: film(_moving(), container="avi", codec="mjpeg", pixel_format="yuvj420p"),
    "ts": lambda: film(_moving(), container="mpegts", fps=Fraction(25)),
    "flv": lambda: film(_moving(), container="flv", codec="flv"),
    "pdf": _pdf,
    "wav": lambda: _tone("wav", "pcm_s16le", sample_format="s16"),
    "mp3": lambda: _tone("mp3", "libmp3lame", 16000),
    "flac": lambda: _tone("flac", "flac", sample_format="s16"),
    "caf": lambda: _tone("caf", "pcm_s16be", sample_format="s16"),
    "au": lambda: _tone("au", "pcm_s16be", sample_format="s16"),
    "wma": lambda: _tone("asf", "wmav2", 44100, bit_rate=64_000),
    "ogg-opus": lambda: _tone("ogg", "libopus", 48000, "flt"),
    "m4a": lambda: _tone("ipod", "aac", 16000),
    "srt": lambda: _SRT,
    "vtt": lambda: _VTT,
}

_SOUNDS = {"wav", "mp3", "flac", "caf", "au", "wma", "ogg-opus", "m4a"}
_SUBTITLES = {"srt", "vtt"}
_FILMS = {"mp4", "mov", "webm", "mkv", "avi", "ts", "flv"}


# Mutations ---------------------------------------------------------------------------------------------------------


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _flip_early(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 2, 4])):
        data[chance.randrange(min(len(data), 160))] = chance.randrange(256)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _drop(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.choice([1, 2, 4, 16, 200])]


def _insert(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    n_bytes = chance.choice([1, 2, 4, 16, 200])
    data[start:start] = chance.choice([chance.randbytes(n_bytes), bytes(n_bytes), b"\xff" * n_bytes])


def _swap(data: bytearray, chance: random.Random) -> None:
    length = max(1, min(len(data) // 3, chance.choice([2, 4, 16, 128])))
    one, other = chance.randrange(len(data) - length + 1), chance.randrange(len(data) - length + 1)
    data[one : one + length], data[other : other + length] = data[other : other + length], data[one : one + length]


def _repeat(data: bytearray, chance: random.Random) -> None:
    start, length = chance.randrange(len(data)), chance.choice([4, 16, 128, 1000])
    data[start:start] = data[start : start + length] * chance.choice([1, 2, 20])


def _lie(data: bytearray, chance: random.Random) -> None:
    """A number of two, four or eight bytes becomes an extreme one, or nearly what it was."""
    for _ in range(chance.choice([1, 1, 2])):
        code = chance.choice([">H", "<H", ">I", "<I", ">I", "<I", ">Q", "<Q"])
        n_bytes = struct.calcsize(code)
        at = chance.randrange(max(1, len(data) - n_bytes))
        was = int.from_bytes(data[at : at + n_bytes], "big" if code[0] == ">" else "little")
        top = 256**n_bytes
        value = chance.choice(
            [0, 1, top // 2 - 1, top // 2, top - 1, top - 2, was + 1, was - 1, was * 2, len(data), 10_000, 65_535]
        )
        data[at : at + n_bytes] = struct.pack(code, value % top)


_MUTATIONS = (_flip, _flip, _flip_early, _flip_early, _cut, _drop, _insert, _swap, _repeat, _lie, _lie, _lie)


def mutant(kind: str, seed: int, number: int, original: bytes) -> bytes:
    """The same bytes for the same arguments."""
    chance = random.Random(f"{kind} {seed} {number}")
    data = bytearray(original)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        if data:
            chance.choice(_MUTATIONS)(data, chance)
    return _with_right_sums(bytes(data)) if chance.random() < 0.7 else bytes(data)


def _with_right_sums(data: bytes) -> bytes:
    """A PNG file whose chunks have the right checksums: with wrong ones most mutants would be refused unread."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, at = bytearray(data), 8
    while at + 12 <= len(out):
        (length,) = struct.unpack_from(">I", out, at)
        if at + 12 + length > len(out):
            break
        struct.pack_into(">I", out, at + 8 + length, zlib.crc32(out[at + 4 : at + 8 + length]))
        at += 12 + length
    return bytes(out)


# Looking at them ---------------------------------------------------------------------------------------------------


class Looker:
    """Decodes a mutant as a user's input would be, between two good inputs, and says what came of it."""

    def __init__(self, encoder: Any, folder: Path) -> None:
        self._encoder, self._folder = encoder, folder
        self._before, self._after = encoder.encode("before"), encoder.encode("after")

    def look(self, kind: str, data: bytes, number: int) -> list[str]:
        """The name of the error, or "", for each way in which a file of this kind is looked at."""
        from medialens.inputs import Audio, Image, Video

        if kind in _SUBTITLES:
            return [self._read(kind, data)]
        path = self._folder / "mutant"
        path.write_bytes(data)  # files that are sought in are read otherwise than bytes in memory
        source = data if number % 2 else path
        window = {"start_seconds": 0.1 * (number % 5), "end_seconds": 0.45} if number % 3 == 0 else {}
        if kind in _SOUNDS:
            parts: list[Part] = [Audio(source, **window)]
        elif kind == "pdf":
            parts = [Image(source, page=1 + number % 2)]
        elif _is_film(kind):
            parts = [Video(source, **window), *([Audio(source)] if number % 8 == 0 else [])]
        else:
            parts = [Image(source), Video(source)]
        split = [self._split(kind, data)] if number % 5 == 0 and kind not in _SOUNDS else []
        return [*map(self._encode, parts), *split]

    def _encode(self, part: Part) -> str:
        result = self._encoder.encode(["before", part, "after"], errors="return")
        np.testing.assert_array_equal(result.vectors[0], self._before)
        np.testing.assert_array_equal(result.vectors[2], self._after)
        if not result.errors:
            return ""
        ((index, error),) = result.errors.items()
        if index != 1 or error.index != 1:
            return f"wrong index {index}, {error.index}"
        return f"{type(error).__name__}: {error.__cause__!r}" if _is_unexpected(error) else type(error).__name__

    def _read(self, kind: str, data: bytes) -> str:
        from medialens.media.limits import MediaLimits
        from medialens.media.segment.subtitles import read_subtitles

        path = self._folder / f"mutant.{kind}"
        path.write_bytes(data)
        return _outcome(lambda: read_subtitles(path, MediaLimits()))

    def _split(self, kind: str, data: bytes) -> str:
        from medialens.media.segment.clips import split_clips
        from medialens.media.segment.pages import split_pages
        from medialens.media.segment.tiles import split_tiles

        store = "memory://fuzz"
        if kind == "pdf":
            return _outcome(lambda: split_pages(data, store=store, thumbnails=True))
        if _is_film(kind):
            return _outcome(lambda: split_clips(data, store=store))
        return _outcome(lambda: split_tiles(data, store=store, thumbnails=True))


def _outcome(run: Callable[[], object]) -> str:
    try:
        run()
    except MedialensError as error:
        return f"{type(error).__name__}: {error}" if _is_unexpected(error) else type(error).__name__
    except Exception as error:  # noqa: BLE001  # what must not be
        return f"ItemFailedError: {error!r}"
    return ""


def _is_film(kind: str) -> bool:
    return kind.partition("-")[0] in _FILMS


def _is_unexpected(error: MedialensError) -> bool:
    """Not one of ours, or that of a PDF that took the process that PDFium runs in with it."""
    return type(error).__name__ in {"ItemFailedError", "DeviceMemoryError"} or error.facts.get("is_costly", False)


@contextlib.contextmanager
def _cpu_limited() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main(seed: int, first: int, last: int, kinds: list[str]) -> None:
    """Look at the mutants of these numbers, of each kind."""
    import dataclasses

    from medialens import Encoder
    from medialens.engine.config import EngineConfig
    from medialens.engine.engine import Engine
    from medialens.media.limits import MediaLimits
    from medialens.testing.fake_model import FakeModel, fake_recipe

    modalities = ("text", "image", "audio", "video")
    recipe = dataclasses.replace(fake_recipe(), modalities=modalities, n_frames=4, sample_rate_hz=16000)
    config = EngineConfig(cpu_lanes=1, prepare_threads=1, media_cache_bytes=0, vector_cache_bytes=0)
    with Engine(config) as engine, tempfile.TemporaryDirectory() as folder:
        encoder = Encoder(FakeModel(recipe=recipe), engine=engine, limits=MediaLimits(max_pdf_seconds=CPU_SECONDS))
        looker = Looker(encoder, Path(folder))
        for kind in kinds:
            original = SEEDS[kind]()
            assert not any(looker.look(kind, original, 1)), looker.look(kind, original, 1)  # seeds are fine
            for number in range(first, last):
                print(json.dumps([kind, number]), flush=True)
                data = mutant(kind, seed, number, original)
                start = time.process_time()
                with _cpu_limited():
                    outcomes = looker.look(kind, data, number)
                print(json.dumps([kind, number, outcomes, time.process_time() - start]), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), sys.argv[4:])
