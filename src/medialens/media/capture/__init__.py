"""Capture: a web page or an HTML file, as a picture of all of it.

Stage: before `segment`. Takes the address of a page, gives the bytes of a PNG file; `split_tiles` takes those. A
Chromium that is installed on the machine draws the page, driven by its own debugging protocol through a pipe, which
needs no package and no open port.

    page.py --pipe--> devtools.py --> the browser's processes (browser.py: found, started, ended)
                                         | every request, since the browser knows no other way out
                                         v
                                      gate.py: checks each host as downloads are checked, or serves the file's folder

The browser's own network is switched off: a page cannot reach what `MediaLimits` forbid by a redirect, a script, a
frame or a name that resolves differently the second time, because it is the gate that resolves and connects.
"""

from medialens.media.capture.page import capture_page

__all__ = ["capture_page"]
