"""Programs that some tests need beside Python's packages: ffmpeg, a Chromium.

Without one the test is skipped, with the reason; under ``FAIL_WITHOUT=ffmpeg,chromium`` it fails, so that a machine
which is meant to run them cannot pass by skipping.
"""

import os
import shutil

import pytest

_NAMES = {
    "ffmpeg": ("ffmpeg",),
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
}


def needs(program: str) -> str:
    """The path of the program, or the end of the test."""
    found = next(filter(None, map(shutil.which, _NAMES[program])), None)
    if found is None:
        reason = f"{program} is not installed (looked for {', '.join(_NAMES[program])})"
        if program in os.environ.get("FAIL_WITHOUT", "").split(","):
            pytest.fail(f"{reason}, and FAIL_WITHOUT names it")
        pytest.skip(reason)
    return found
