"""JupyterLab as a student sees it: started with the course's settings on a copy of the course, and driven in a browser."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import expect

from opscourse import notebook

COURSE = Path(__file__).resolve().parents[2]
PICTURES = COURSE / "screenshots"
PATIENCE_MS = 120_000  # for what may take long on a busy machine; nothing waits this long when all is well
TOKEN = "course"
RUN = re.compile(r"\[\d+\]:")  # the prompt of a cell that has run


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """JupyterLab on a copy of what a student works with; gives its address."""
    copy = folder / "course"
    hidden = shutil.ignore_patterns("solutions", "answers", ".ipynb_checkpoints")
    for part in (".jupyter", "notebooks", "exercises"):
        shutil.copytree(COURSE / part, copy / part, ignore=hidden)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--config=.jupyter/jupyter_lab_config.py", "--no-browser"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--LabApp.workspaces_dir={folder / 'workspaces'}"]
    environment = {**os.environ, "HOME": str(folder / "home"), "JUPYTER_PREFER_ENV_PATH": "1"}
    with open(folder / "log.txt", "w+") as log:
        process = subprocess.Popen(command, cwd=copy, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://localhost:{port}"
            wait_for(address, process, folder / "log.txt")
            yield address
        finally:
            process.terminate()
            process.wait(60)


def wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    """Wait until the server answers; an error with its log where it ends or stays silent."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=5):
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not come up:\n{log.read_text()}")


class Lab:
    """One notebook open in JupyterLab, in words of what somebody does with it."""

    def __init__(self, page, address: str, pictures: str) -> None:
        self.page, self.address, self.name = page, address, pictures
        page.set_default_timeout(PATIENCE_MS)
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: str = "") -> None:
        """Open JupyterLab, on a notebook of the course or on its first page; wait for its kernel and for all its cells."""
        self.page.goto(f"{self.address}/lab/tree/{path}?token={TOKEN}" if path else f"{self.address}/?token={TOKEN}")
        self.wait_for_kernel()
        cells = notebook.read(COURSE / (path or "notebooks/00_start_here.ipynb")).cells
        code_cells = sum(cell.cell_type == "code" for cell in cells)
        expect(self.cells().locator(".cm-content")).to_have_count(code_cells, timeout=PATIENCE_MS)
        self.picture("open")

    def wait_for_kernel(self) -> None:
        """Wait until the kernel is there and idle."""
        self.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of a menu."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def run_all(self) -> None:
        """Run all cells, and wait until each has run. The stored outputs go first, so that none is taken for a new one."""
        self.menu("Edit", "Clear Outputs of All Cells")
        expect(self.cells().first.locator(".jp-InputPrompt")).to_have_text("[ ]:")
        self.menu("Run", "Run All Cells")
        for position in range(self.cells().count()):
            expect(self.cells().nth(position).locator(".jp-InputPrompt")).to_have_text(RUN, timeout=PATIENCE_MS)
        self.wait_for_kernel()

    def cells(self, text: str = ""):
        """The code cells of the open notebook whose source holds a text."""
        cells = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")
        return cells.filter(has=self.page.locator(".jp-InputArea-editor", has_text=text)) if text else cells

    def write(self, cell, source: str) -> None:
        """Replace what stands in a cell."""
        editor = cell.locator(".cm-content")
        editor.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def run(self, cell) -> str:
        """Run one cell; what it shows."""
        cell.locator(".cm-content").click()
        prompt = cell.locator(".jp-InputPrompt")
        before = re.escape(prompt.inner_text())
        self.page.keyboard.press("Control+Enter")
        expect(prompt).to_have_text(re.compile(rf"^(?!{before}){RUN.pattern}"), timeout=PATIENCE_MS)
        self.wait_for_kernel()
        return cell.locator(".jp-OutputArea").inner_text()

    def picture(self, what: str) -> None:
        """Keep a picture of the window, for people to look at."""
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{self.name}_{what}.png")
