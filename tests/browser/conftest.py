"""A browser for the tests of this folder. Where there is none they are left out with one line; in CI they then fail."""

import os
import shutil

import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


def missing():
    """What is missing to drive a browser; empty if nothing is."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return "" if chromium() else "Chromium is not installed (Debian and Ubuntu: sudo apt install chromium)"


def chromium():
    """The path of a Chromium or Chrome on this computer, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


collect_ignore_glob = [] if os.environ.get("CI") or not missing() else ["test_*.py"]


def pytest_terminal_summary(terminalreporter):
    if collect_ignore_glob:
        terminalreporter.write_line(f"The tests in a browser were left out: {missing()}.")


@pytest.fixture(scope="module")  # while it is open an event loop runs, and no other test could run a notebook
def browser():
    assert not missing(), f"{missing()}; CI never leaves out the tests in a browser"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        yield chrome
        chrome.close()


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    from lab import server

    with server(tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture
def lab(browser, address, request):
    from lab import Lab

    page = browser.new_page(viewport={"width": 1280, "height": 720})
    lab = Lab(page, address, request.node.name)
    yield lab
    lab.picture("end")
    page.close()
