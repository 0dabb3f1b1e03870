"""How a picture was held: the display matrix of a frame, and pixels turned upright by it. Pure.

A display matrix says where a point is shown: x' = a x + c y, y' = b x + d y, as 16.16 fixed-point numbers. Phones
write quarter turns, front cameras mirror as well: eight cases. Angles between them are taken for the nearest one.
"""

from __future__ import annotations

import dataclasses
import struct

import numpy as np
import numpy.typing as npt

_N_BYTES = 36  # nine 32-bit integers, a b u c d v x y w


@dataclasses.dataclass(frozen=True)
class Orientation:
    """What makes a picture upright: rows and columns change places first, then it is mirrored.

    Attributes:
        transposed: Whether rows become columns.
        mirrored: Left and right.
        flipped: Top and bottom.
    """

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    @classmethod
    def of_matrix(cls, matrix: bytes) -> Orientation:
        """That of a display matrix as FFmpeg keeps it: nine native integers; upright where it is none."""
        if len(matrix) != _N_BYTES:
            return cls()
        a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(mirrored=a < 0, flipped=d < 0)
        return cls(transposed=True, mirrored=c < 0, flipped=b < 0)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height once it is upright."""
        return (height, width) if self.transposed else (width, height)

    def apply(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The upright picture of pixels (height, width, channels), C-contiguous."""
        turned = pixels.swapaxes(0, 1) if self.transposed else pixels
        turned = turned[:, ::-1] if self.mirrored else turned
        turned = turned[::-1] if self.flipped else turned
        return np.ascontiguousarray(turned)
