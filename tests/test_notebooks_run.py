"""Every lesson and every solution runs from top to bottom, and prints the numbers that it is stored with."""

import contextlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from opscourse import notebook
from opscourse.grading import warm

NOTEBOOKS = notebook.lessons() + notebook.solutions()


@pytest.fixture(scope="module")
def runs():
    """nbval on each notebook, as many at a time as there are processors: path -> the run, some time later."""

    def run(path):
        command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider"]
        return subprocess.run([*command, str(path)], capture_output=True, text=True, encoding="utf-8", env=env)

    env = dict(os.environ)
    with contextlib.suppress(OSError):  # a system that cannot fork
        warm.start()
        env = {**os.environ, "JUPYTER_DEFAULT_PROVISIONER_NAME": "opscourse-warm"}
    workers = ThreadPoolExecutor(max_workers=os.cpu_count())
    yield {path: workers.submit(run, path) for path in NOTEBOOKS}
    workers.shutdown(cancel_futures=True)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_notebook_runs_and_prints_the_numbers_it_is_stored_with(runs, path):
    run = runs[path].result()
    assert run.returncode == 0, run.stdout + run.stderr


def test_there_is_something_to_run():
    assert NOTEBOOKS
