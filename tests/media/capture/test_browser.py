import sys

import pytest

from medialens.errors import MissingExtraError
from medialens.media.capture import browser
from medialens.media.capture.browser import find_browser


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    """A machine without any browser."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.delenv("MEDIALENS_BROWSER", raising=False)
    monkeypatch.setattr(browser, "_PLACES", ())


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_without_a_browser_the_error_says_what_was_looked_for_and_how_to_get_one():
    with pytest.raises(
        MissingExtraError, match=r"chromium, chromium-browser.*medialens\[screenshot\].*playwright install"
    ):
        find_browser()


def test_the_one_named_comes_first_then_the_variable_then_the_path_then_playwright(tmp_path, monkeypatch):
    of_playwright = program(tmp_path / "playwright" / "chromium-1200" / "chrome-linux64" / "chrome")
    assert find_browser() == of_playwright
    on_path = program(tmp_path / "bin" / "chromium-browser")
    assert find_browser() == on_path
    named = program(tmp_path / "own" / "browser")
    monkeypatch.setenv("MEDIALENS_BROWSER", str(named))
    assert find_browser() == named
    assert str(find_browser(sys.executable)) == sys.executable


def test_one_that_is_not_there_is_not_replaced_by_another(tmp_path):
    program(tmp_path / "bin" / "chromium")
    with pytest.raises(MissingExtraError, match="none/chrome"):
        find_browser(tmp_path / "none" / "chrome")
