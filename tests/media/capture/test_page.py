"""Pages on the loopback interface and HTML files, drawn by the Chromium of this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.media.loopback import body, redirect, serving
from tests.programs import needs

from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaError,
    MediaLimitError,
    MediaNotFoundError,
    MissingExtraError,
)
from medialens.media.capture import capture_page
from medialens.media.limits import MediaLimits
from medialens.media.segment.tiles import split_tiles

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
PATIENT = MediaLimits(total_timeout_seconds=250, read_timeout_seconds=60)  # for machines that do much else
LOOPBACK = dataclasses.replace(PATIENT, allow_urls=True, url_hosts=("127.0.0.1",))
PAGE = "<!doctype html><html><body style='margin:0'>"


@pytest.fixture(autouse=True)
def _chromium(monkeypatch, tmp_path_factory):
    """Whatever happens, neither a process of the browser is left nor its profile."""
    profiles = tmp_path_factory.mktemp("profiles")
    monkeypatch.setattr(tempfile, "tempdir", str(profiles))
    monkeypatch.setenv("MEDIALENS_BROWSER", needs("chromium"))
    yield
    assert list(profiles.iterdir()) == []
    assert processes_that_name(profiles) == []


def processes_that_name(folder):
    """All processes of a browser are told where its profile is."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [path] if str(folder).encode() in path.read_bytes() else []
    return found


def block(height, colour, more=""):
    return f"<div style='height:{height}px;background:rgb{colour};{more}'></div>"


def html(*blocks):
    return body((PAGE + "".join(blocks)).encode(), content_type="text/html")


def seen(png):
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


def capture(page, **options):
    return seen(capture_page(page, **{"limits": LOOPBACK, "wait_seconds": 0.2, **options}))


def test_a_tall_page_is_captured_all_the_way_down_with_its_colours(tmp_path):
    with serving({"/": html(block(700, RED), block(3000, GREEN), block(300, BLUE, "width:50%"))}) as server:
        png = capture_page(f"{server.url}/", width=600, limits=LOOPBACK)
    pixels = seen(png)

    assert pixels.shape == (4000, 600, 3)
    at = {(699, 599): RED, (700, 0): GREEN, (3699, 300): GREEN, (3700, 299): BLUE, (3999, 10): BLUE, (3999, 310): WHITE}
    for place, colour in at.items():
        assert tuple(pixels[place]) == colour
    assert len(split_tiles(png, store=tmp_path / "store")) == 5


def test_a_window_of_a_page_has_the_size_asked_for():
    with serving({"/": html(block(100, RED), block(3000, GREEN))}) as server:
        pixels = capture(f"{server.url}/", width=320, height=200)
    assert pixels.shape == (200, 320, 3)
    assert [tuple(pixels[row, 160]) for row in (99, 100)] == [RED, GREEN]


def test_what_scripts_draw_is_there_and_no_dialog_holds_the_page_up(tmp_path):
    script = """<script>
        alert("hello");
        const late = "<div style='height:900px;background:rgb(0,0,255)'></div>";
        setTimeout(() => { document.body.innerHTML += late }, 150);
    </script>"""
    (tmp_path / "page.html").write_text(PAGE + block(1000, RED) + script)
    pixels = capture(tmp_path / "page.html", width=200, wait_seconds=2)
    assert pixels.shape[0] == 1900
    assert tuple(pixels[1500, 100]) == BLUE


def test_a_file_loads_from_its_own_folder_and_from_nowhere_else(tmp_path):
    (tmp_path / "site" / "parts").mkdir(parents=True)
    for path, colour in (("site/parts/near.png", RED), ("outside.png", GREEN)):
        Image.new("RGB", (100, 100), colour).save(tmp_path / path)
    (tmp_path / "site" / "link.png").symlink_to(tmp_path / "outside.png")
    with serving({"/far.png": body((tmp_path / "outside.png").read_bytes())}) as server:
        sources = ("parts/near.png", "../outside.png", (tmp_path / "outside.png").as_uri(), "link.png")
        images = "".join(
            f"<img alt='' style='display:block;width:100px;height:100px' src='{source}'>"
            for source in (*sources, f"{server.url}/far.png")
        )
        page = tmp_path / "site" / "an ünusual näme.html"
        page.write_text(f"<meta charset='utf-8'>{PAGE}{images}", encoding="utf-8")
        closed = capture(page, width=100, limits=PATIENT)
        unlisted = capture(page, width=100, limits=dataclasses.replace(PATIENT, allow_urls=True))
        assert server.asked == []
        opened = capture(str(page), width=100)
        assert server.asked == ["/far.png"]

    assert [tuple(closed[y, 50]) for y in range(50, 500, 100)] == [RED, WHITE, WHITE, WHITE, WHITE]
    assert np.array_equal(closed, unlisted)
    assert [tuple(opened[y, 50]) for y in range(50, 500, 100)] == [RED, WHITE, WHITE, WHITE, GREEN]


METADATA = "http://169.254.169.254/latest/meta-data/"


@pytest.mark.parametrize("way", ["redirect", "script", "refresh", "https"])
def test_a_page_that_leads_to_a_private_address_is_refused(way):
    answer = {
        "redirect": redirect(METADATA),
        "script": html(f"<script>location = {METADATA!r}</script>"),
        "refresh": html(f"<meta http-equiv='refresh' content='0;url={METADATA}'>"),
        "https": redirect(METADATA.replace("http:", "https:")),
    }[way]
    with serving({"/": answer}) as server, pytest.raises(MediaAccessError, match=r"169\.254\.169\.254.*not a public"):
        capture_page(f"{server.url}/", limits=LOOPBACK, wait_seconds=3)


def test_frames_pictures_and_scripts_reach_no_private_address_and_a_listed_host_is_no_way_to_others():
    with serving({"/secret": html(block(500, RED)), "/x": html()}) as other:
        port = other.server_port
        ways = (
            f"<iframe src='http://localhost:{port}/secret' style='border:0;width:100px;height:100px'></iframe>"
            f"<img src='http://[::1]:{port}/x'>"
            f"<script>fetch('http://localhost:{port}/x'); new WebSocket('ws://localhost:{port}/x');"
            f"navigator.sendBeacon('http://localhost:{port}/x', 'y')</script>"
        )
        with serving({"/": html(ways)}) as server:
            pixels = capture(f"{server.url}/", width=400, wait_seconds=2)
            assert other.asked == []
            listed = dataclasses.replace(LOOPBACK, url_hosts=("127.0.0.1", "localhost"))
            shown = capture(f"{server.url}/", width=400, wait_seconds=1, limits=listed)
    assert "/secret" in other.asked  # each is a way that works where it may
    assert (shown == RED).all(axis=2).any()
    assert not (pixels == RED).all(axis=2).any()


def test_urls_are_off_by_default_and_said_before_a_browser_starts():
    with pytest.raises(MediaAccessError, match="allow_urls=True"):
        capture_page("https://example.com/", browser="/nowhere")
    with pytest.raises(MediaAccessError, match=r"127\.0\.0\.1.*not a public address"):
        capture_page("http://127.0.0.1/", limits=MediaLimits(allow_urls=True), browser="/nowhere")


def test_a_page_that_never_finishes_is_an_error_in_time_and_leaves_no_process():
    def never(request):
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        with_patience = time.monotonic() + 60
        while time.monotonic() < with_patience:
            try:
                request.wfile.write(b"<p>more</p>")
                request.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    limits = MediaLimits(allow_urls=True, url_hosts=("127.0.0.1",), total_timeout_seconds=12)
    with serving({"/": never}) as server:
        began = time.monotonic()
        with pytest.raises(MediaLimitError, match="not drawn within 12 seconds") as caught:
            capture_page(f"{server.url}/", limits=limits)
        assert time.monotonic() - began < 20
    assert caught.value.limit == "total_timeout_seconds"


def test_a_script_that_never_ends_is_an_error_too(tmp_path):
    (tmp_path / "busy.html").write_text(PAGE + "<script>while (true) {}</script>")
    with pytest.raises(MediaLimitError, match=r"busy\.html.*not drawn within"):
        capture_page(tmp_path / "busy.html", limits=MediaLimits(total_timeout_seconds=12))


def test_what_is_too_large_is_refused(tmp_path):
    (tmp_path / "long.html").write_text(PAGE + block(30_000, RED))
    with pytest.raises(MediaLimitError, match=r"long\.html.*max_pixels"):
        capture_page(tmp_path / "long.html", width=300, limits=dataclasses.replace(PATIENT, max_pixels=8_000_000))
    with pytest.raises(MediaLimitError, match="max_aspect_ratio"):
        capture_page(tmp_path / "long.html", width=100, limits=PATIENT)

    def endless(request):
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"<p>more</p>" * 1000)
        except OSError:
            pass

    limits = dataclasses.replace(LOOPBACK, max_bytes=1_000_000)
    with serving({"/": endless}) as server, pytest.raises(MediaLimitError, match="1000000 bytes") as caught:
        capture_page(f"{server.url}/", limits=limits)
    assert caught.value.limit == "max_bytes"


def test_pages_that_are_not_there(tmp_path):
    with pytest.raises(MediaNotFoundError, match=r"none\.html"):
        capture_page(tmp_path / "none.html")
    loop = {"/": redirect("/again"), "/again": redirect("/")}
    with serving({"/gone": body(b"<p>no", status=404), "/empty": body(b"", status=500), **loop}) as server:
        for path, message in (("/gone", "answered 404"), ("/empty", "answered 500")):
            with pytest.raises(MediaNotFoundError, match=message):
                capture_page(f"{server.url}{path}", limits=LOOPBACK)
        with pytest.raises(MediaLimitError, match="redirects more than 3 times"):
            capture_page(f"{server.url}/", limits=LOOPBACK)
        port = server.server_port
    with pytest.raises(MediaNotFoundError, match=f"127.0.0.1:{port}"):
        capture_page(f"http://127.0.0.1:{port}/", limits=LOOPBACK)


def test_roots_hold_for_the_file(tmp_path):
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "inside").mkdir()
    with pytest.raises(MediaAccessError, match="roots"):
        capture_page(tmp_path / "page.html", limits=MediaLimits(roots=(tmp_path / "inside",)))


def test_a_browser_that_is_none_is_named_with_the_remedy(tmp_path):
    (tmp_path / "page.html").write_text(PAGE)
    with pytest.raises(MissingExtraError, match="/nowhere/chromium") as caught:
        capture_page(tmp_path / "page.html", browser="/nowhere/chromium")
    assert caught.value.extra == "screenshot"
    failing = tmp_path / "browser"
    failing.write_text("#!/bin/sh\necho no usable sandbox! >&2\nexit 1\n")
    failing.chmod(0o755)
    with pytest.raises(MediaError, match=r"ended before the page was drawn.*user namespaces.*no usable sandbox!"):
        capture_page(tmp_path / "page.html", browser=failing)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"width": True}, {"height": 1.5}, {"wait_seconds": -1}])
def test_sizes_that_are_none(tmp_path, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        capture_page(tmp_path / "page.html", **wrong)
