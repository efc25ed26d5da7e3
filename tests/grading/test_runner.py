"""One notebook run: honest cells give their answers, whatever the others do, and nothing is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from opscourse.errors import DataUnavailable
from opscourse.grading import runner
from opscourse.grading.records import Limits, Stop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")

LIMITS = Limits(cell_seconds=5, notebook_seconds=100, memory_mb=600, disk_mb=20, output_mb=5)
EMIT = """from IPython.display import publish_display_data
publish_display_data({{"application/vnd.opscourse.answer+json": {{"question": "{}", "answer": {}}}, "text/plain": ""}})"""


def notebook(*cells):
    """Cells as (question, role, source)."""
    code = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "source": source,
            "outputs": [],
            "execution_count": None,
            "metadata": {"opscourse": {"question": question, "role": role}},
        }
        for number, (question, role, source) in enumerate(cells)
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def three(hostile):
    """An honest question, one whose cell does `hostile` before its answer, and another honest one."""
    questions = [("4.1", "x = 3", "x"), ("4.2", f"{hostile}\ny = 4", "y"), ("4.3", "z = 5", "z")]
    pairs = [((q, "answer", source), (q, "check", EMIT.format(q, name))) for q, source, name in questions]
    return notebook(*(cell for pair in pairs for cell in pair))


@pytest.fixture
def run(tmp_path):
    """Run a notebook; the folder for it is empty again afterwards."""

    def run(text, limits=LIMITS, name="work"):
        company, work = tmp_path / "company", tmp_path / name
        company.mkdir(exist_ok=True)
        ran = runner.run(text, company, work, limits, strict=False)
        assert list(work.iterdir()) == []
        return ran

    return run


def test_answers_errors_and_open_questions_are_told_apart(run):
    ran = run(
        notebook(
            ("", "setup", "import pandas as pd\nfrom opscourse.errors import NotAnswered, CheckFailed"),
            ("4.1", "answer", "x = int(pd.Series([1, 2]).sum())"),
            ("4.1", "check", EMIT.format("4.1", "x")),
            ("4.2", "answer", "shares = [1]\nfirst = shares[7]"),
            ("4.2", "check", EMIT.format("4.2", "first")),
            ("4.3", "check", "raise NotAnswered('· 4.3 is not answered yet: put it in.')"),
            ("4.4", "check", "raise CheckFailed('✗ 4.4: this is no table')"),
            ("4.5", "answer", "raise MemoryError"),
        )
    )
    assert ran.answers == {"4.1": 3}
    assert ran.stops["4.2"] == (Stop.ERROR, "IndexError: list index out of range (line 2: first = shares[7])")
    assert ran.stops["4.3"][0] == Stop.OPEN
    assert ran.stops["4.4"] == (Stop.ERROR, "this is no table")
    assert ran.stops["4.5"][0] == Stop.MEMORY
    assert ran.seconds["4.1"] > 0
    assert ran.peak_mb > 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise OSError('b') from e",
            "OSError: b (line 4: raise OSError('b') from e)",
        ),
        (
            "import pandas as pd\ntry:\n    [][1]\nexcept IndexError:\n    pd.DataFrame()['a']",
            "KeyError: 'a' (line 5: pd.DataFrame()['a'])",
        ),
        ("def f(n):\n    return f(n + 1)\nf(0)", "RecursionError: maximum recursion depth exceeded (line 3: f(0))"),
        ("x = (", "SyntaxError: incomplete input"),
        (
            "raise ValueError('Traceback (most recent call last)')",
            "ValueError: Traceback (most recent call last) (line 1: raise",
        ),
    ],
)
def test_the_sentence_names_the_cells_own_line_of_the_last_error(run, answer, said):
    assert said in run(notebook(("4.1", "answer", answer))).stops["4.1"][1]


def test_only_a_check_cell_answers_only_its_own_question_and_the_last_word_counts(run):
    ran = run(
        notebook(
            ("4.1", "answer", EMIT.format("4.1", 1)),
            ("4.1", "check", EMIT.format("4.1", 2) + "\n" + EMIT.format("4.2", 9) + "\n" + EMIT.format("4.1", 3)),
            ("4.2", "check", "pass"),
        )
    )
    assert ran.answers == {"4.1": 3}


@pytest.mark.parametrize(
    ("hostile", "stop", "said"),
    [
        ("import os; os._exit(0)", Stop.ENDED, "exit or crash"),
        ("import ctypes; ctypes.string_at(0)", Stop.ENDED, "exit or crash"),
        ("exit()", Stop.ENDED, "exit()"),
        ("while True: pass", Stop.TIMEOUT, "5 seconds"),
        ("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", Stop.TIMEOUT, "not be interrupted"),
        ("try:\n    while True: pass\nexcept KeyboardInterrupt: pass", Stop.TIMEOUT, "5 seconds"),
        ("kept = []\nwhile True: kept.append(bytearray(10**7))", Stop.MEMORY, ""),
        ("number = 0\nwhile True:\n    open(f'{number}', 'wb').write(b'x' * 10**6); number += 1", Stop.ENDED, "MB of files"),
        # A little slowly: else memory may end before the output is counted.
        ("import time\nwhile True: print('x' * 10**5); time.sleep(0.01)", Stop.ENDED, "more than 5 MB"),
        ("get_ipython().kernel.session.key = b'another'", Stop.ENDED, "connection"),
        ("import threading, os; threading.Timer(0.5, os._exit, (0,)).start()\nimport time; time.sleep(1)", Stop.ENDED, ""),
        ("import os\nfor depth in range(2000):\n    os.mkdir('d'); os.chdir('d')\nos._exit(0)", Stop.ENDED, ""),
    ],
)
def test_a_cell_that_ends_or_hangs_its_kernel_costs_no_other_question(run, hostile, stop, said):
    ran = run(three(hostile))
    assert ran.answers["4.1"] == 3
    assert ran.answers["4.3"] == 5
    assert ran.stops["4.2"][0] == stop, ran.stops
    assert said in ran.stops["4.2"][1]
    assert set(ran.stops) == {"4.2"}


def test_a_flood_of_output_costs_no_other_question_whichever_limit_it_meets_first(run):
    ran = run(three("while True: print('x' * 10**5)"))
    assert (ran.answers["4.1"], ran.answers["4.3"], set(ran.stops)) == (3, 5, {"4.2"})
    assert ran.stops["4.2"][0] in (Stop.ENDED, Stop.MEMORY)


def test_a_thread_that_ends_the_kernel_in_another_questions_check_costs_only_its_own_question(run):
    later = "import threading, os; threading.Timer(1, os._exit, (0,)).start()"
    content = json.loads(three(later))
    content["cells"][-1]["source"] = "import time; time.sleep(3)\n" + content["cells"][-1]["source"]
    ran = run(json.dumps(content))
    assert ran.answers["4.3"] == 5
    assert set(ran.stops) == {"4.2"}


def test_a_message_that_breaks_our_own_reading_costs_only_its_own_question(run):
    hostile = """def spoil(result):
    kernel = get_ipython().kernel
    kernel.session.send(kernel.iopub_socket, "display_data", {"data": [], "metadata": {}}, parent=kernel.get_parent())
get_ipython().events.register("post_run_cell", spoil)"""
    ran = run(three(hostile))
    assert (ran.answers["4.1"], ran.answers["4.3"], ran.stops["4.2"][0]) == (3, 5, Stop.ENDED)


def test_runs_at_the_same_time_do_not_disturb_each_other(run):
    with ThreadPoolExecutor(4) as pool:
        texts = [three("pass").replace("x = 3", f"x = {number}") for number in range(6)]
        texts[2] = three("import os; os._exit(1)")
        ran = list(pool.map(run, texts, [LIMITS] * 6, "abcdef"))
    assert [one.answers["4.1"] for one in ran] == [0, 1, 3, 3, 4, 5]
    assert [len(one.answers) for one in ran] == [3, 3, 2, 3, 3, 3]


def test_no_process_is_left(run):
    run(three("import os; os._exit(1)"))
    servers = [server.process.pid for server in runner._servers.values()]
    assert len(servers) == 2
    assert [child for pid in servers for child in psutil.Process(pid).children()] == []


def test_the_watch_looks_only_when_it_knows_which_cell_runs():
    """On a busy machine a cell could be blamed for what the next one, of which the report was waiting, had written."""
    reads, writes = os.pipe()
    os.write(writes, b'{"cell": 0}\n{"cell": 1}\n')
    seen = []

    class Strict:
        def over(self):
            seen.append("over")
            return True

    for report in runner._reports(reads, Strict()):
        seen.append(report["cell"])
    os.close(reads)
    os.close(writes)
    assert seen == [0, 1, "over"]


def test_a_file_that_is_no_notebook_is_refused(run):
    for text in ("", "[]", "{}", '{"cells": 3}'):
        with pytest.raises(DataUnavailable, match="cannot be read"):
            run(text)


def test_a_notebook_without_code_runs(run):
    assert run(notebook()).answers == {}


def test_all_processes_die_with_a_killed_grader(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "notebook.ipynb").write_text(notebook(("4.1", "answer", "import time; open('here', 'w'); time.sleep(1000)")))
    program = (
        "from pathlib import Path; from opscourse.grading import runner; from opscourse.grading.records import Limits;"
        "runner.run(Path('notebook.ipynb').read_text(), Path(), Path('work'), Limits(1000, 1000), strict=False)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path) as grader:
        try:
            while not (tmp_path / "work" / "here").exists():
                assert grader.poll() is None
                time.sleep(0.1)
            family = psutil.Process(grader.pid).children(recursive=True)
            assert len(family) == 4  # two servers, a runner, a kernel
        finally:
            os.kill(grader.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


def kernel_at_work():
    """Of each process that a fork server made, whether it has worked for a second; the servers themselves may have before."""
    for server in psutil.Process().children():
        for process in server.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                yield process.cpu_times().user > 1


def test_stop_ends_what_runs_and_what_comes_later_runs(run):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, three("while True: pass"), Limits(cell_seconds=100))
        while not any(kernel_at_work()):
            time.sleep(0.1)
        runner.stop()
        with pytest.raises(DataUnavailable, match="stopped"):
            running.result(timeout=60)
    assert run(three("pass")).answers == {"4.1": 3, "4.2": 4, "4.3": 5}
