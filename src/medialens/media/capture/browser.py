"""A Chromium of this machine: found, started with a profile of its own, and ended with all its processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from medialens.errors import MediaError, MissingExtraError
from medialens.media.capture.devtools import DevTools

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# Where `playwright install chromium` puts them.
_PLAYWRIGHT_FOLDERS = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
_PLAYWRIGHT_PROGRAMS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)

_GRACE_SECONDS = 2.0
"""What a browser gets to end by itself."""

_SHOWN_BYTES = 600
_FIRST_FREE = 10
"""Descriptors are moved out of the way of 3 and 4, which the browser expects its pipe at."""

_SWITCHES = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--hide-scrollbars",
    "--disable-gpu",  # drawing in software is the same everywhere, and knows no largest texture
    "--force-color-profile=srgb",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--use-mock-keychain",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-dev-shm-usage",  # containers often have little of it
    "--disable-features=Translate,MediaRouter,DialMediaRouteProvider,OptimizationHints",
    # No way out but the proxy: names are not resolved here, loopback is no exception, and WebRTC keeps to it.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--proxy-bypass-list=<-loopback>",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)


def find_browser(browser: str | Path | None = None) -> Path:
    """The program to run: the one named, that of MEDIALENS_BROWSER, one on the PATH, or Playwright's.

    Raises:
        MissingExtraError: There is none; names what was looked for.
    """
    named = browser or os.environ.get("MEDIALENS_BROWSER")
    if named:
        found = shutil.which(Path(named).expanduser())
        if found is None:
            msg = f"there is no browser at {str(named)!r}; name the program of a Chromium, or leave it out"
            raise MissingExtraError(msg, module="chromium", extra="screenshot", browser=str(named))
        return Path(found)
    candidates = [shutil.which(name) for name in (*_NAMES, *_PLACES)]
    for candidate in (*filter(None, candidates), *_of_playwright()):
        return Path(candidate)
    msg = (
        f"Capturing a page needs a Chromium, and none was found: looked for {', '.join(_NAMES)} on the PATH and for "
        "Playwright's. Install one with your system's packages, or with: pip install 'medialens[screenshot]' && "
        "playwright install chromium. Or name its program: browser=, or the environment variable MEDIALENS_BROWSER"
    )
    raise MissingExtraError(msg, module="chromium", extra="screenshot")


@contextlib.contextmanager
def running(program: Path, *, proxy: str, deadline: float, max_bytes: int) -> Iterator[DevTools]:
    """The browser at work, with a new profile; afterwards neither the profile nor any process is left.

    Chromium's sandbox is on, except for root, for whom Chromium refuses to start with it.

    Raises:
        MediaError: It cannot be started on this system, or ended by itself; with what it said.
    """
    if not hasattr(os, "posix_spawn"):
        msg = "capturing a page needs a POSIX system, such as Linux or macOS; capture it elsewhere and pass the picture"
        raise MediaError(msg, source=str(program))
    profile = tempfile.mkdtemp(prefix="medialens-browser-")
    log = Path(profile, "stderr.txt")
    try:
        switches = [*_SWITCHES, f"--user-data-dir={profile}", f"--proxy-server={proxy}"]
        if os.geteuid() == 0:
            switches.append("--no-sandbox")
        process, devtools = _start(program, [*switches, "about:blank"], log, deadline, max_bytes)
        try:
            yield devtools
        except EOFError as error:
            raise _ended(program, log) from error
        finally:
            _end(process, devtools)
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def _start(program: Path, switches: list[str], log: Path, deadline: float, max_bytes: int) -> tuple[int, DevTools]:
    theirs_in, ours_out = _pipe()
    ours_in, theirs_out = _pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT, 0o600),
        (os.POSIX_SPAWN_DUP2, theirs_in, 3),
        (os.POSIX_SPAWN_DUP2, theirs_out, 4),
    ]
    try:
        # A process group of its own, so that all of it can be ended together.
        process = os.posix_spawn(program, [str(program), *switches], os.environ, file_actions=actions, setpgroup=0)
    except OSError as error:
        os.close(ours_out)
        os.close(ours_in)
        msg = f"the browser {str(program)!r} cannot be started: {error}; name another one: browser="
        raise MediaError(msg, source=str(program)) from error
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    return process, DevTools(ours_out, ours_in, deadline=deadline, max_bytes=max_bytes)


def _pipe() -> tuple[int, int]:
    import fcntl  # noqa: PLC0415  # not on every system on which this module can be imported

    read, write = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for end in (read, write)]
    os.close(read)
    os.close(write)
    return moved[0], moved[1]


def _end(process: int, devtools: DevTools) -> None:
    """Ask it to end, then make it."""
    with contextlib.suppress(EOFError):
        devtools.session = ""
        devtools.send("Browser.close")
    devtools.close()  # a browser whose pipe is closed ends by itself
    until = time.monotonic() + _GRACE_SECONDS
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            _kill(process)
            os.waitpid(process, 0)
            return
        time.sleep(0.01)
    _kill(process)  # what it left behind


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


def _ended(program: Path, log: Path) -> MediaError:
    said = log.read_bytes()[-_SHOWN_BYTES:].decode(errors="replace").strip() if log.exists() else ""
    remedy = ""
    if "sandbox" in said.lower():
        remedy = "; its sandbox needs user namespaces, which this system or container must allow"
    msg = f"the browser {str(program)!r} ended before the page was drawn{remedy}; it said: {said or 'nothing'}"
    return MediaError(msg, source=str(program))


def _of_playwright() -> Iterator[str]:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    for folder in [named] if named else _PLAYWRIGHT_FOLDERS:
        for pattern in _PLAYWRIGHT_PROGRAMS:
            newest_first = sorted(Path(folder).expanduser().glob(pattern), reverse=True)
            yield from (str(path) for path in newest_first if os.access(path, os.X_OK) and path.is_file())
