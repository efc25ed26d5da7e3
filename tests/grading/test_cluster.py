"""The same grading on a Dask cluster of real processes, some of which are lost, are unfit, or are not there."""

import contextlib
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import nbformat
import psutil
import pytest
from classroom import FIXTURES

from opscourse.company.store import PACKAGE
from opscourse.errors import ArgumentError, DataUnavailable
from opscourse.exercise.derive import derived_text
from opscourse.grading import cluster, command, variants
from opscourse.grading.pool import Job
from opscourse.grading.records import Limits, Stop
from opscourse.grading.release import release

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a run can be confined on Linux only")

NAME = "92_count_the_classes"
STUDENTS = [f"quince_{letter}" for letter in "abcdefghijkl"]
PATIENT = 300  # seconds until a test gives up; nothing here is proved by being fast


def eventually(true):
    """What a condition comes to, once it is something."""
    last = time.monotonic() + PATIENT
    while not (found := true()):
        assert time.monotonic() < last, true
        time.sleep(0.1)
    return found


class Cluster:
    """A scheduler and workers of one thread, each started as a teacher starts it, and writing into one folder."""

    def __init__(self, folder, **settings):
        folder.mkdir(exist_ok=True)
        self.folder, self.started, self.log = folder, [], folder / "log.txt"
        self.settings = {"DASK_TEMPORARY_DIRECTORY": str(folder / "scratch"), **settings}
        self.start("scheduler", "--port", "0", "--scheduler-file", str(folder / "scheduler.json"))
        self.address = json.loads(eventually(lambda: self._told("scheduler.json")))["address"]

    def _told(self, name):
        path = self.folder / name
        return path.exists() and path.read_text()

    def start(self, what, *options, **settings):
        command = [sys.executable, "-m", "dask", what, "--host", "127.0.0.1", "--no-dashboard", *options]
        with open(self.log, "ab") as log:
            env = {**os.environ, **self.settings, **settings}
            self.started.append(subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=self.folder))

    def worker(self, name, *options, **settings):
        self.start("worker", self.address, "--nthreads", "1", "--name", name, *options, **settings)
        return self

    def processes(self):
        """All of the cluster, and what they have started."""
        started = [psutil.Process(one.pid) for one in self.started if one.poll() is None]
        return [*started, *(child for one in started for child in one.children(recursive=True))]

    def stop(self):
        family = self.processes()
        for one in reversed(self.started):
            one.kill()
            one.wait()
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        assert not psutil.wait_procs(family, PATIENT)[1]


@pytest.fixture
def clusters(tmp_path):
    """Starts clusters, and stops them."""
    started = []

    def start(**settings):
        started.append(Cluster(tmp_path / f"cluster_{len(started)}", **settings))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A clone with the small exercise only."""
    root = tmp_path_factory.mktemp("course")
    for kind in ("solutions", "answers"):
        shutil.copytree(FIXTURES / kind, root / "exercises" / kind, ignore=shutil.ignore_patterns("90*", "__pycache__"))
    student = root / "exercises" / "data" / f"{NAME}.ipynb"
    student.parent.mkdir()
    student.write_text(derived_text(root / "exercises" / "solutions" / "data" / f"{NAME}.ipynb"))
    return root


def solved(course, answers):
    """The solution, with other code for some of its answer cells."""
    notebook = nbformat.read(course / "exercises" / "solutions" / "data" / f"{NAME}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if "answer" in cell.metadata.get("tags", [])]
    for at, source in answers.items():
        cells[at].source = source
    return notebook


@pytest.fixture(scope="module")
def released(course, tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    (folder / "roster.csv").write_text("id,name\n" + "".join(f"{one},Quince {one[-1]}\n" for one in STUDENTS))
    release([92], folder / "roster.csv", folder, course=course, progress=False)
    return folder


@pytest.fixture(scope="module")
def handed_in(course, tmp_path_factory):
    """Right, typed in, ending its kernel, raising: a third of the class each but the first."""
    folder = tmp_path_factory.mktemp("handed_in")
    kinds = [{}, {0: "yoga_seats = 12"}, {2: "import os\nos._exit(3)"}, {4: "1 / 0"}]
    for at, student in enumerate(STUDENTS):
        (folder / student).mkdir()
        nbformat.write(solved(course, kinds[at % len(kinds)]), folder / student / f"{NAME}.ipynb")
    return folder


def graded(course, released, handed_in, out, *more):
    out.mkdir(exist_ok=True)
    given = [str(handed_in), "--out", str(out), "--release", str(released), "--course", str(course), "--workers=2"]
    assert command.main([*given, *more]) == 0
    return (out / "gradebook.csv").read_bytes()


class Wiretap:
    """Passes on what goes to a server, and keeps it."""

    def __init__(self, address):
        self._server = address.removeprefix("tcp://").split(":")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "tcp://{}:{}".format(*self._listener.getsockname())
        self.heard, self._threads = bytearray(), []
        self._begin(self._accept)

    def _begin(self, what, *arguments):
        self._threads.append(threading.Thread(target=what, args=arguments))
        self._threads[-1].start()

    def _accept(self):
        while True:
            try:
                theirs, _ = self._listener.accept()
            except OSError:
                return
            ours = socket.create_connection((self._server[0], int(self._server[1])))
            self._begin(self._pass, theirs, ours, self.heard)
            self._begin(self._pass, ours, theirs, bytearray())

    def _pass(self, source, sink, heard):
        with contextlib.suppress(OSError):
            while part := source.recv(1 << 16):
                heard.extend(part)
                sink.sendall(part)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENT)


def test_a_cluster_that_loses_a_worker_gives_the_same_gradebook_and_learns_no_secret(
    clusters, course, released, handed_in, tmp_path
):
    ours = clusters().worker("plum").worker("pear")
    tap = Wiretap(ours.address)
    lost, over = [], threading.Event()

    def counts(state):
        return state.executed_count, state.executing_count

    def lose_one():
        with distributed.Client(ours.address, set_as_default=False) as client:
            while not (lost or over.is_set()):
                told = client.run(lambda dask_worker: (os.getpid(), *counts(dask_worker.state))).values()
                busy = [pid for pid, _, executing in told if executing]
                if sum(executed for _, executed, _ in told) >= 5 and busy:
                    process = psutil.Process(busy[0])
                    lost.extend([process, *process.children(recursive=True)])
                    process.kill()
                over.wait(0.1)

    losing = threading.Thread(target=lose_one)
    losing.start()
    try:
        there = graded(course, released, handed_in, tmp_path / "there", "--scheduler", tap.address)
    finally:
        over.set()
        losing.join()
        tap.close()
    here = graded(course, released, handed_in, tmp_path / "here")
    assert there == here
    assert len(set(here.splitlines()[1:])) == len(STUDENTS)
    assert len(lost) >= 3  # the worker and its two fork servers
    assert not psutil.wait_procs(lost, PATIENT)[1]
    secret = (released / "private" / "secret").read_text().strip()
    assert b"yoga_seats = 12" in tap.heard
    assert b"live_classes.parquet" in tap.heard
    for private in (secret, *STUDENTS, "Quince", "truth/", str(released)):
        assert private.encode() not in tap.heard
    assert bytes.fromhex(secret) not in tap.heard


def test_ctrl_c_leaves_nothing_behind_on_the_cluster(clusters, course, released, tmp_path):
    ours = clusters().worker("plum")
    endless = tmp_path / "endless"
    for student in STUDENTS[:3]:
        (endless / student).mkdir(parents=True)
        notebook = solved(course, {0: "import time\nwhile True:\n    time.sleep(1)"})
        nbformat.write(notebook, endless / student / f"{NAME}.ipynb")
    given = [endless, "--out", tmp_path / "out", "--release", released, "--course", course, "--scheduler", ours.address]
    called = [sys.executable, "-m", "opscourse.cli", "grade", *map(str, given)]

    def at_work():
        found = []
        for one in ours.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [one] if "/run-" in one.cwd() else []
        return found

    with subprocess.Popen(called, stderr=subprocess.PIPE) as grader:
        eventually(at_work)
        grader.send_signal(signal.SIGINT)
        said = grader.communicate(timeout=PATIENT)[1].decode()
    assert grader.returncode == 130
    assert said.splitlines()[-1] == "opscourse grade: stopped."
    assert at_work() == []
    with distributed.Client(ours.address, set_as_default=False) as client:
        eventually(lambda: not any(client.processing().values()))
        eventually(lambda: not client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks)))
    eventually(lambda: not list((ours.folder / "scratch").rglob("run-*")))


def a_job(company, *cells, strict=True):
    """A job of the student nobody: (role, code) for each cell."""
    notebook = nbformat.v4.new_notebook()
    for at, (role, code) in enumerate(cells):
        about = {"opscourse": {"question": "92.2", "role": role}}
        notebook.cells.append(nbformat.v4.new_code_cell(code, id=f"cell-{at}", metadata=about))
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return Job("nobody", 92, nbformat.writes(notebook), {"own": str(company), "hidden": str(company)}, Limits(), strict)


@pytest.fixture(scope="module")
def company(course, tmp_path_factory):
    exercise = variants.exercise(92, course)
    return variants.company(bytes(32), None, [exercise], tmp_path_factory.mktemp("companies"), "kernel")


ANSWER = ("answer", 'slide = "b"'), ("check", 'from opscourse import check\ncheck("92.2", slide)')
LETHAL = "import psutil\npsutil.Process().parent().parent().kill()"


@pytest.fixture
def without_confinement(tmp_path):
    """The environment of a machine on which what confines a run is not installed."""
    for name in ("py_landlock", "pyseccomp"):
        (tmp_path / "lacking").mkdir(exist_ok=True)
        (tmp_path / "lacking" / f"{name}.py").write_text("raise ImportError")
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path / "lacking"), os.environ.get("PYTHONPATH", "")])}


def test_a_worker_that_cannot_confine_is_refused_by_name_and_one_that_is_lost_costs_only_the_guilty(
    clusters, company, without_confinement
):
    ours = clusters(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0").worker("medlar", **without_confinement)
    with pytest.raises(DataUnavailable, match=r"^Worker medlar on .* cannot confine a notebook: files: .*Landlock"):
        list(cluster.runs([a_job(company, *ANSWER)], ours.address))
    guilty = a_job(company, ("answer", LETHAL), ANSWER[1], strict=False)
    innocent = [a_job(company, *ANSWER, ("answer", f"number = {at}"), strict=False) for at in range(4)]
    taken, done = [], {}

    def jobs():
        for job in (guilty, *innocent):
            taken.append(job)
            yield job

    for job, runs in cluster.runs(jobs(), ours.address):
        assert len(taken) - len(done) <= 2 + 2  # one runs, one waits; and at most as many again are suspected
        done[job.notebook] = runs
    assert len(taken) == len(done) == 5
    assert done[guilty.notebook]["own"].stops["92.2"][0] == Stop.ENDED
    for job in innocent:
        for which in ("own", "hidden"):
            assert done[job.notebook][which].answers == {"92.2": "b"}
            assert done[job.notebook][which].unenforced


def test_another_opscourse_on_a_worker_is_refused_by_name(clusters, company, tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "other" / "opscourse", ignore=shutil.ignore_patterns("__pycache__", "_datasets"))
    with open(tmp_path / "other" / "opscourse" / "grading" / "pool.py", "a") as file:
        file.write("# changed")
    ours = clusters().worker("sloe", PYTHONPATH=str(tmp_path / "other"))
    with pytest.raises(DataUnavailable, match=r"^Worker sloe of .* has opscourse 0.* not 0.* as here: install the same clone"):
        list(cluster.runs([a_job(company, *ANSWER)], ours.address))


def test_what_is_missing_is_said_in_one_sentence(clusters, company, monkeypatch):
    job = a_job(company, *ANSWER)
    monkeypatch.setattr(cluster, "CONNECT", 1)
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(ArgumentError, match="--scheduler takes an address such as tcp://host:8786, not 'nonsense://x'"):
        list(cluster.runs([job], "nonsense://x"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = "tcp://{}:{}".format(*server.getsockname())
    with pytest.raises(DataUnavailable, match=f"No Dask scheduler answers at '{nobody}'"):
        list(cluster.runs([job], nobody))
    # The clients that never connected close themselves when they are found; in the middle of another's start distributed would
    # wait for itself.
    gc.collect()
    ours = clusters()
    monkeypatch.setattr(cluster, "CONNECT", PATIENT)
    with pytest.raises(DataUnavailable, match=f"{ours.address} has no worker. Start some: dask worker {ours.address}"):
        list(cluster.runs([job], ours.address))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DataUnavailable, match=r"pip install 'opscourse\[cluster\]'"):
        list(cluster.runs([job], ours.address))
