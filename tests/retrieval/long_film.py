"""A film of sixty known scenes, none of which the embedded model was trained on, and what is typed to find some."""

from __future__ import annotations

import dataclasses
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medialens.training.drawing import Scene, draw, film

SIZE, FPS = (192, 144), 10

_FIELDS = {
    "clip": ("colour", "shape", "motion", "second colour", "second shape"),
    "thing": ("thing", "colour", "detail", "time"),
    "chart": ("chart", "trend", "slices", "colour", "topic"),
    "screen": ("screen", "theme", "accent", "device"),
    "relation": ("first colour", "first shape", "relation", "second colour", "second shape"),
    "document": ("document", "heading", "picture"),
    "count": ("count", "colour", "shape"),
    "table": ("rows", "columns", "header", "topic"),
    "word": ("word", "letters", "ground"),
}

_SHOWN = """
clip yellow,cross,moves up,, | a yellow cross moving up
thing fish,red,facing left,plain | a red fish
clip orange,circle,moves left,, | an orange circle that moves to the left
chart line,peak,,grey,tourism | a line chart with a peak
screen gallery,dark,pink,desktop
clip grey,star,grows,, | a grey star that gets bigger
relation brown,heart,inside,red,square | a brown heart inside a red square
thing boat,pink,facing right,night
document invoice,visitors,without picture | an invoice
clip black,circle,disappears,, | a black circle that disappears
thing face,blue,sad,plain | a sad blue face
clip grey,cross,shrinks,,
table 6,3,black,tourism
clip turquoise,moon,disappears,yellow,diamond
screen calendar,light,green,phone | a calendar on a phone
clip yellow,triangle,moves up,blue,cross
thing pine,green,,night | a pine tree at night
chart scatter,dip,,pink,downloads
clip turquoise,square,grows,, | a turquoise square growing
word hello,yellow,blue
clip blue,diamond,moves up,,
count 6,black,star
clip orange,diamond,moves down,, | an orange diamond going down
thing cup,grey,facing right,plain | a grey cup
screen editor,light,red,phone
relation grey,circle,inside,green,square
clip purple,square,moves up,,
document newspaper,energy,without picture | a newspaper
clip grey,diamond,grows,turquoise,star
chart pie,,2,,sales | a pie chart
thing flower,purple,,plain | a purple flower
clip grey,hexagon,moves right,, | a grey hexagon moving right
screen search,dark,green,desktop
clip turquoise,star,moves down,,
table 2,4,yellow,salaries
thing car,blue,facing left,night | a blue car at night
clip orange,cross,disappears,black,moon
chart line,dip,,black,revenue
count 4,pink,circle
clip green,moon,shrinks,turquoise,hexagon
relation black,cross,inside,grey,circle
document poem,savings,without picture
clip yellow,star,moves up,,
thing car,pink,facing right,day
screen video,light,purple,phone
clip turquoise,diamond,grows,,
word sale,red,yellow
chart bar,falling,,yellow,prices | a bar chart of falling prices
clip blue,diamond,moves right,,
relation pink,hexagon,left of,pink,moon
document form,traffic,without picture
clip purple,cross,appears,green,square
thing fish,green,facing right,plain
count 5,grey,moon
clip turquoise,cross,moves down,,
screen player,dark,turquoise,desktop
clip yellow,ring,moves right,,
chart scatter,flat,,blue,weather
thing face,turquoise,happy,plain
table 3,4,green,exports
"""


@dataclasses.dataclass(frozen=True)
class Shown:
    """A scene of the film, when it is on, in seconds, and what is typed to find it, "" for nothing."""

    scene: Scene
    start: float
    end: float
    query: str

    def frames(self) -> list[npt.NDArray[np.uint8]]:
        """All of it, frame by frame."""
        chance, n_frames = random.Random(self.scene.key), round((self.end - self.start) * FPS)
        moving = film(self.scene, SIZE, chance)
        if moving is None:
            return [np.asarray(draw(self.scene, SIZE, chance))] * n_frames
        return [np.asarray(moving((at + 0.5) / n_frames)) for at in range(n_frames)]


def long_film() -> list[Shown]:
    """What is on when."""
    chance, start, shown = random.Random(1), 0, []
    for line in _SHOWN.strip().splitlines():
        spelled, _, query = line.partition(" | ")
        kind, _, facts = spelled.partition(" ")
        names = dict(zip(_FIELDS[kind], facts.split(","), strict=True))
        end = start + chance.randint(3 * FPS, 7 * FPS)
        shown.append(Shown(Scene(kind, names), start / FPS, end / FPS, query))
        start = end
    return shown


def write_film(path: Path, shown: list[Shown]) -> None:
    """The film as a file."""
    import av

    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        number = 0
        for one in shown:
            for pixels in one.frames():
                frame: Any = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                output.mux(stream.encode(frame))
                number += 1
        output.mux(stream.encode())
