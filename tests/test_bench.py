"""The benchmark of the measures runs, every contestant finds the same, and no time counts that came with another answer."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent / "benchmarks" / "measures"


@pytest.fixture(scope="module")
def bench():
    """Its modules know each other by their bare names, as scripts do."""
    before, path = set(sys.modules), list(sys.path)
    sys.path.insert(0, str(BENCH))
    import one

    yield one
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if (BENCH / f"{name}.py").exists():
            del sys.modules[name]


@pytest.fixture(scope="module")
def log(bench, tmp_path_factory):
    return bench.importlib.import_module("logs").written(tmp_path_factory.mktemp("logs"), 4_000)


@pytest.mark.parametrize("task", ["cohorts", "funnel", "rfm", "last_touch", "linear", "markov", "sessions"])
def test_ours_and_the_queries_by_hand_find_the_same_on_every_engine(bench, log, task):
    contestants = [(engine, by) for engine in ("duckdb", "polars", "pandas") for by in ("ours", "hand")]
    contestants.append(("pandas", "tutorial"))
    answers = []
    for engine, by in contestants:
        module = bench.importlib.import_module(by if by in ("ours", "tutorial") else f"with_{engine}")
        tables = bench.frames(engine, log, bench.READS[task], False, None)
        answers.append(bench.compared(bench.executed(getattr(module, task)(tables), task, None), task))
    for contestant, answer in zip(contestants[1:], answers[1:], strict=True):
        assert len(answer) == len(answers[0]) > 0, contestant
        for row, expected in zip(answer, answers[0], strict=True):
            assert row[0] == expected[0], contestant
            assert row[1:] == (pytest.approx(expected[1:], rel=1e-9) if task not in bench.LARGE else expected[1:]), contestant


def test_a_log_larger_than_memory_is_read_from_its_files_and_answered_in_a_file(bench, log, tmp_path):
    tables = bench.frames("duckdb", log, bench.READS["sessions"], True, "1GB")
    ours = bench.importlib.import_module("ours")
    found = bench.executed(ours.sessions(tables), "sessions", tmp_path / "sessions.parquet")
    memory = bench.frames("pandas", log, bench.READS["sessions"], False, None)
    assert bench.compared(found, "sessions") == bench.compared(ours.sessions(memory), "sessions")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the resident size is read from Linux")
def test_the_command_writes_every_table_and_a_plot(tmp_path):
    sizes = {
        "events": 0.004,
        "grow": 0.002,
        "large": 0.004,
        "sample": 0.002,
        "seconds": 0,
        "imports": 1,
        "rounds": 1,
        "tasks": "rfm",
    }
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, str(BENCH), *options, "--users", "--cache", str(tmp_path), "--write", str(tmp_path / "speed.md")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "speed.md").read_text()
    for heading in ("Beside queries by hand", "Beside pandas row by row", "As the log grows", "Larger than memory", "Imports"):
        assert f"## {heading}" in page
    assert page.count("| RFM with quintiles | DuckDB |") == 2
    assert (tmp_path / "speed.png").stat().st_size > 0
