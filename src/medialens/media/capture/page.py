"""A web page or an HTML file, as the bytes of a PNG file."""

from __future__ import annotations

import base64
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from medialens.errors import InputError, MediaDecodeError, MediaLimitError, MediaNotFoundError
from medialens.media.access.fetch import checked_addresses, checked_url, shown
from medialens.media.access.files import read_file
from medialens.media.capture.browser import find_browser, running
from medialens.media.capture.devtools import CommandError, DevTools
from medialens.media.capture.gate import REFUSED, Gate, gate
from medialens.media.limits import MediaLimits
from medialens.media.pictures.image import check_size
from medialens.media.store import local_path

_DEFAULT_LIMITS = MediaLimits()
_FIRST_HEIGHT_SHARE = 0.625
"""Of the width: the window, 16:10, in which a page is laid out whose full height is asked for."""

_BAD_STATUS = 400


def capture_page(  # noqa: PLR0913  # each is a plain choice of the caller's
    page: str | Path,
    *,
    width: int = 1280,
    height: int | None = None,
    wait_seconds: float = 0.5,
    browser: str | Path | None = None,
    limits: MediaLimits = _DEFAULT_LIMITS,
) -> bytes:
    """A page as the reader sees it, all the way down, as a PNG file: put it into a store, or into `split_tiles`.

    A Chromium of this machine draws it, with a profile of its own that is deleted afterwards, and runs its scripts.
    The page and whatever it asks for obey `limits` as downloads do: nothing without `allow_urls`, and never a host
    with a private address that is not listed in `url_hosts`. What a page may not load is missing from the picture; if
    that is the page itself, it is an error. An HTML file may load files from its own folder and the folders in it.

    Args:
        page: A URL that begins with ``http://`` or ``https://``, or the path of an HTML file.
        width: Of the window and of the picture, in pixels.
        height: Of both; None is the full height of the page, at least that of a window of 16:10.
        wait_seconds: How long the page may go on after it was loaded, for what its scripts draw late.
        browser: The program to run; None looks for one, first in the environment variable MEDIALENS_BROWSER.
        limits: `total_timeout_seconds` is for all of it, `max_bytes` for the page and what belongs to it together,
            `max_pixels` and `max_aspect_ratio` for the picture, checked before it is drawn.

    Raises:
        MissingExtraError: There is no browser; says how to get one.
        MediaAccessError: URLs are off, or the page is, or leads, where it may not be.
        MediaNotFoundError: There is no such page, or it answers with an error status.
        MediaLimitError: It takes too long, or is too large.
        MediaDecodeError: The page cannot be drawn.
        InputError: A size is no number of pixels.
    """
    _check_sizes(width, height, wait_seconds)
    deadline = time.monotonic() + limits.total_timeout_seconds
    file = _checked_page(page, limits, deadline)
    name = shown(str(page)) if file is None else repr(str(page))
    program = find_browser(browser)
    with contextlib.ExitStack() as stack:
        way_out = stack.enter_context(gate(limits, deadline, file.parent if file else None))
        url = str(page) if file is None else f"http://{way_out.file_host}/{quote(file.name)}"
        stack.enter_context(_told_in_words(name, limits))
        max_bytes = 2 * limits.max_bytes  # what the picture may have, as base64
        browser_line = running(program, proxy=way_out.url, deadline=deadline, max_bytes=max_bytes)
        devtools = stack.enter_context(browser_line)
        visit = _Visit(devtools, way_out, name, limits)
        visit.open(url, width, height or round(width * _FIRST_HEIGHT_SHARE))
        devtools.rest(wait_seconds)
        visit.check()
        return visit.picture(width, height)


class _Visit:
    """One page in one tab; keeps track of where its main frame went."""

    def __init__(self, devtools: DevTools, way_out: Gate, name: str, limits: MediaLimits) -> None:
        self._devtools, self._gate, self._name, self._limits = devtools, way_out, name, limits
        self._main_frame = self._request = self._url = self._first_url = self._failure = ""
        self._status, self._n_redirects = 0, 0
        self._is_refused = self._is_loaded = self._has_crashed = False
        devtools.on_event = self._on_event

    def open(self, url: str, width: int, height: int) -> None:
        """Go there and wait until it is loaded."""
        call = self._devtools.call
        self._main_frame = call("Target.createTarget", url="about:blank")["targetId"]
        self._devtools.session = call("Target.attachToTarget", targetId=self._main_frame, flatten=True)["sessionId"]
        call("Page.enable")
        call("Network.enable")
        call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._is_loaded, self._url, self._first_url = False, url, url
        self._failure = call("Page.navigate", url=url).get("errorText", "")
        self.check()
        self._devtools.wait(lambda: self._is_loaded or self._is_over())
        self.check()

    def picture(self, width: int, height: int | None) -> bytes:
        """The page as it stands."""
        content = self._devtools.call("Page.getLayoutMetrics")["cssContentSize"]
        height = height or max(1, round(content["height"]))
        check_size(width, height, f"the page {self._name}", self._limits)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        capture = self._devtools.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        self.check()
        return base64.b64decode(capture["data"])

    def check(self) -> None:
        """Whether the page is one that may be seen, and can be.

        Raises:
            MediaError: It is not.
        """
        if self._gate.too_much is not None:
            raise self._gate.too_much
        if self._n_redirects > self._limits.max_redirects:
            maximum = self._limits.max_redirects
            msg = f"{self._name} redirects more than {maximum} times (MediaLimits.max_redirects)"
            raise MediaLimitError(msg, limit="max_redirects", value=self._n_redirects, maximum=maximum)
        if self._has_crashed:
            msg = f"{self._name} made the browser's tab crash"
            raise MediaDecodeError(msg, source=self._name)
        refusal = self._gate.refusals.get(urlsplit(self._url).netloc) or self._gate.refusals.get(_authority(self._url))
        if (self._failure or self._is_refused) and refusal is not None:
            raise refusal
        if self._failure or self._status >= _BAD_STATUS:
            said = f"answered {self._status}" if self._status >= _BAD_STATUS else f"gave {self._failure}"
            where = "it" if self._url == self._first_url else shown(self._url)
            msg = f"{self._name} cannot be captured: {where} {said}"
            raise MediaNotFoundError(msg, source=self._name, status=self._status)

    def _is_over(self) -> bool:
        failed = bool(self._failure) or self._is_refused or self._has_crashed
        return failed or self._gate.too_much is not None or self._n_redirects > self._limits.max_redirects

    def _on_event(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._is_loaded = True
        elif method == "Page.javascriptDialogOpening":  # nobody is there to answer it, and the page waits
            self._devtools.send("Page.handleJavaScriptDialog", accept=True)
        elif method == "Inspector.targetCrashed":
            self._has_crashed = True
        elif params.get("type") == "Document" and params.get("frameId", self._main_frame) == self._main_frame:
            self._follow(method, params)

    def _follow(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self._url, self._request = params["request"]["url"], params["requestId"]
            self._status, self._is_refused = 0, False
            self._n_redirects += "redirectResponse" in params
        elif method == "Network.responseReceived":
            response = params["response"]
            headers = {name.lower() for name in response["headers"]}
            self._status, self._is_refused = int(response["status"]), REFUSED.lower() in headers
        elif method == "Network.loadingFailed" and params["requestId"] == self._request:
            self._failure = "" if params.get("canceled") else params["errorText"]


@contextlib.contextmanager
def _told_in_words(name: str, limits: MediaLimits) -> Iterator[None]:
    """What the protocol raises, as errors that name the page."""
    try:
        yield
    except TimeoutError as error:
        maximum = limits.total_timeout_seconds
        msg = f"{name} was not drawn within {maximum:g} seconds (MediaLimits.total_timeout_seconds)"
        raise MediaLimitError(msg, limit="total_timeout_seconds", value=maximum, maximum=maximum) from error
    except CommandError as error:
        msg = f"{name} cannot be drawn: the browser refused {error}"
        raise MediaDecodeError(msg, source=name) from error


def _checked_page(page: Any, limits: MediaLimits, deadline: float) -> Path | None:
    """Where it is if it is a file; whether it may be read is found out before a browser is started."""
    if isinstance(page, str) and page.lower().startswith(("http://", "https://")):
        checked_addresses(page, checked_url(page, limits), limits, deadline)
        return None
    if not isinstance(page, (str, os.PathLike)):
        msg = f"capture_page takes a URL or the path of an HTML file, got a {type(page).__name__}: {page!r:.80}"
        raise InputError(msg, value=page)
    path = local_path(Path(page) if isinstance(page, os.PathLike) else page)
    read_file(path, limits)
    return path.resolve()


def _authority(url: str) -> str:
    """Host and port, as a tunnel is asked for."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 443}"


def _check_sizes(width: int, height: int | None, wait_seconds: float) -> None:
    for name, value in (("width", width), ("height", height)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            msg = f"{name}={value!r:.80} must be a whole number of pixels, at least 1"
            raise InputError(msg, value=value)
    if isinstance(wait_seconds, bool) or not isinstance(wait_seconds, (int, float)) or not wait_seconds >= 0:
        msg = f"wait_seconds={wait_seconds!r:.80} must be a number of seconds, at least 0"
        raise InputError(msg, value=wait_seconds)
