"""What whoever makes a company relies on: the same company every time, all of it or nothing, and a sentence when it fails."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from opscourse.company import generate as made
from opscourse.company import parquet, store
from opscourse.company.generate import build_data, differences, generate, main
from opscourse.company.parameters import Parameters, varied
from opscourse.company.tables import TABLES
from opscourse.company.world import BUILDERS, World
from opscourse.errors import ArgumentError, DataUnavailable, UnknownName

SMALL = {"users": 400, "progress": False}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A company of 400 users."""
    return generate(tmp_path_factory.mktemp("made") / "jiadong", **SMALL)


@pytest.fixture
def blocks(monkeypatch):
    """Blocks of 100 users, so that a small company has several."""
    monkeypatch.setattr("opscourse.company.world.SINGLE_BLOCK", 100)
    monkeypatch.setattr("opscourse.company.world.BLOCK_USERS", 100)


def test_the_shipped_company_is_the_one_that_the_simulator_makes(tmp_path):
    again = generate(tmp_path / "again", **made.SHIPPED, progress=False, workers=1)
    assert differences(store.manifest(store.shipped_folder()), store.manifest(again)) == []


def test_the_shipped_company_is_small_enough_to_ship():
    parquet_files = list(store.shipped_folder().rglob("*.parquet"))
    assert sum(path.stat().st_size for path in parquet_files) < 20e6
    assert {path.stem for path in store.shipped_folder().glob("*.parquet")} == set(TABLES)


def test_the_same_seed_makes_the_same_company_and_another_seed_another_one(company, tmp_path):
    same, other = (generate(tmp_path / str(seed), seed=seed, **SMALL) for seed in (2024, 7))
    assert differences(store.manifest(company), store.manifest(same)) == []
    assert {"users", "orders", "events", "campaigns"} <= set(differences(store.manifest(company), store.manifest(other)))


def test_the_number_of_workers_changes_nothing(tmp_path):
    one, two = (
        generate(tmp_path / str(n), users=24_001, tables=["users", "orders"], workers=n, progress=False) for n in (1, 2)
    )
    assert (one / "company.json").read_bytes() == (two / "company.json").read_bytes()
    assert files(one) == files(two)
    assert store.verify(two) == []


def test_a_company_of_several_blocks_is_read_like_one_of_a_single_block(blocks, tmp_path, monkeypatch):
    folder = generate(tmp_path / "parts", workers=1, **SMALL)
    assert sorted(path.name for path in (folder / "orders").iterdir()) == [f"part-0000{i}.parquet" for i in range(4)]
    assert store.verify(folder) == []
    monkeypatch.setattr(store, "_chosen", folder)
    assert store.load("users")["user_id"].tolist() == list(range(1, 401))
    assert store.load("users")["signup_ts"].is_monotonic_increasing
    assert len(store.truth("people")) == 400
    for name, declared in TABLES.items():
        assert not store.load(name).duplicated(list(declared.key)).any(), name
        assert len(store.load(name)) == store.manifest(folder)["tables"][name]["rows"]


def test_a_damaged_part_is_named(blocks, tmp_path, monkeypatch):
    folder = generate(tmp_path / "parts", workers=1, tables=["users"], **SMALL)
    monkeypatch.setattr(store, "_chosen", folder)
    (folder / "users" / "part-00002.parquet").write_bytes(b"")
    with pytest.raises(DataUnavailable, match=r"damaged: .*part-00002\.parquet"):
        store.load("users")


def test_chosen_tables_are_those_of_the_whole_company(company, tmp_path):
    few = generate(tmp_path / "few", tables=["orders", "calendar"], **SMALL)
    assert sorted(path.stem for path in few.glob("*.parquet")) == ["calendar", "orders"]
    whole, part = store.manifest(company)["tables"], store.manifest(few)["tables"]
    assert part == {name: whole[name] for name in ("orders", "calendar")}


def test_a_new_table_changes_no_other_one(company, tmp_path, monkeypatch):
    """Every builder draws from the stream of its own table, so a draw more in one of them is seen in that table only."""
    before = BUILDERS["users"]

    def another(block):
        block.stream("a table of tomorrow").random(1_000)
        return before(block)

    monkeypatch.setitem(BUILDERS, "users", another)
    again = generate(tmp_path / "again", **SMALL)
    assert differences(store.manifest(company), store.manifest(again)) == []


def test_streams_are_of_their_own_for_each_table_block_and_seed():
    drawn = [World(seed=s).stream(t, b).random() for s in (1, 2) for t in ("users", "orders") for b in (0, 1)]
    assert len(set(drawn)) == 8
    assert World(seed=1).stream("users").random() == drawn[0]


def test_a_variant_draws_what_may_vary_and_nothing_else(tmp_path):
    assert store.parameters(generate(tmp_path / "a", **SMALL)) == Parameters()
    folder = generate(tmp_path / "b", seed=7, variant=True, **SMALL)
    assert store.parameters(folder) == varied(7) != Parameters()
    for topic, default in vars(Parameters()).items():
        for name, field in type(default).__dataclass_fields__.items():
            value = getattr(getattr(varied(7), topic), name)
            if field.metadata["varies"]:
                low, high = map(np.array, field.metadata["varies"])
                assert ((np.minimum(low, high) <= value) & (value <= np.maximum(low, high))).all(), (topic, name)
            else:
                assert value == getattr(default, name), (topic, name)


@pytest.mark.parametrize("given", [{"users": 0}, {"users": 2.5}, {"users": True}, {"seed": -1}, {"seed": "x"}, {"workers": 0}])
def test_a_wrong_number_is_named(tmp_path, given):
    with pytest.raises(ArgumentError, match=rf"{next(iter(given))} must be a whole number of at least \d+, not"):
        generate(tmp_path / "x", **(SMALL | given))
    assert files(tmp_path) == []


def test_an_unknown_table_is_named_before_anything_is_made(tmp_path):
    with pytest.raises(UnknownName, match=r"no table 'order'\. Did you mean 'orders'"):
        generate(tmp_path / "x", tables=["users", "order"], **SMALL)
    with pytest.raises(ArgumentError, match="at least one table"):
        generate(tmp_path / "x", tables=[], **SMALL)
    assert files(tmp_path) == []


def test_a_folder_with_other_things_in_it_is_never_touched(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ArgumentError, match=r"not empty and is no company \('thesis.docx' is in it\)"):
        generate(tmp_path, **SMALL)
    assert files(tmp_path) == ["thesis.docx"]


def test_a_file_in_the_place_of_the_folder_is_never_touched(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DataUnavailable, match="cannot be used as a folder"):
        generate(tmp_path / "out", **SMALL)
    assert (tmp_path / "out").read_text() == "a file"


def test_an_old_company_is_replaced_whole_and_its_keys_go_with_it(tmp_path):
    out = generate(tmp_path / "out", seed=1, **SMALL)
    (out / "keys").mkdir()
    (out / "keys" / "04.json").write_text("{}")
    generate(out, seed=2, tables=["users"], **SMALL)
    assert files(tmp_path) == ["out", *sorted(f"out/{name}" for name in ("company.json", "truth", "users.parquet", *(
        f"truth/{name}.parquet" for name in made.HIDDEN)))]  # fmt: skip
    assert store.manifest(out)["seed"] == 2


def test_build_data_keeps_keys_and_cards_and_can_only_compare(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(made, "SHIPPED", {"users": 300, "seed": 5})
    out = tmp_path / "datasets"
    (out / "keys").mkdir(parents=True)
    (out / "keys" / "04.json").write_text("{}")
    (out / "README.md").write_text("cards")
    assert build_data(["--out", str(out)]) == 0
    assert (out / "keys" / "04.json").read_text() == "{}"
    assert (out / "README.md").read_text() == "cards"
    assert build_data(["--check", "--out", str(out)]) == 0
    manifest = json.loads((out / "company.json").read_text())
    manifest["tables"]["orders"]["values"] = "0"
    (out / "company.json").write_text(json.dumps(manifest))
    assert build_data(["--check", "--out", str(out)]) == 1
    assert "orders is not what the simulator makes: opscourse build data" in capsys.readouterr().out


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("at", [0, 3, 20])
def test_a_full_or_failing_disk_leaves_nothing_behind(tmp_path, monkeypatch, number, at):
    calls = iter(range(1_000))
    before = parquet.write

    def failing(data, table, path):
        if next(calls) == at:
            path.write_bytes(b"half")
            raise OSError(number, os.strerror(number))
        return before(data, table, path)

    monkeypatch.setattr(made, "write", failing)
    with pytest.raises(DataUnavailable, match=f"could not be written to .*: {os.strerror(number)}. Nothing was left behind"):
        generate(tmp_path / "out", **SMALL)
    assert files(tmp_path) == []


def test_a_failed_run_leaves_the_old_company_as_it_was(tmp_path, monkeypatch):
    out = generate(tmp_path / "out", **SMALL)

    def failing(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(made, "write", failing)
    with pytest.raises(DataUnavailable):
        generate(out, seed=1, **SMALL)
    assert store.verify(out) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_real_disk_that_is_full_is_said(tmp_path):
    """The kernel refuses files beyond a size, in a process of its own that may not write more."""
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "from opscourse.cli import main; raise SystemExit(main(['generate', '--users', '400', '--out', 'out']))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "Nothing was left behind" in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr
    assert files(tmp_path) == []


def test_an_unwritable_place_is_said(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(DataUnavailable, match=r"could not be written to .*: Permission denied\. Nothing was left behind"):
        generate(tmp_path / "out", **SMALL)


def test_a_place_that_cannot_hold_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataUnavailable, match=r"could not be written to .*(Not a directory|File exists)"):
        generate(tmp_path / "file" / "out", **SMALL)


@pytest.mark.parametrize(("end", "workers"), [(signal.SIGTERM, "1"), (signal.SIGINT, "1"), (signal.SIGTERM, "2")])
def test_a_run_that_is_ended_leaves_nothing_behind(tmp_path, end, workers):
    run = _started(tmp_path, workers)
    run.send_signal(end)
    run.communicate(timeout=60)
    assert run.returncode != 0
    assert files(tmp_path) == []


def test_what_a_killed_run_left_is_gone_after_the_next_one(tmp_path):
    run = _started(tmp_path, "1")
    run.kill()
    run.communicate(timeout=60)
    assert [name for name in os.listdir(tmp_path) if name.endswith(".partial")]
    generate(tmp_path / "out", **SMALL)
    assert os.listdir(tmp_path) == ["out"]


def test_a_worker_that_is_killed_is_said(tmp_path):
    run = _started(tmp_path, "2")
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    workers = [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    _, error = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "A worker process was ended from outside" in error
    assert files(tmp_path) == []


def _started(folder: Path, workers: str) -> subprocess.Popen:
    """A run of the command line that has begun to write blocks."""
    command = [sys.executable, "-m", "opscourse.cli", "generate", "--users", "2000000", "--out", "out", "--workers", workers]
    run = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(folder.glob(".out.*.partial/truth/people/part-00001.parquet")):
        assert run.poll() is None, run.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return run


def test_the_command_says_what_it_made_and_how_to_use_it(tmp_path, capsys):
    assert main(["--users", "300", "--seed", "3", "--out", str(tmp_path / "x"), "--tables", "users", "orders"]) == 0
    said = capsys.readouterr().out
    assert said == f"The company of 300 users is in {tmp_path / 'x'}. Use it with: opscourse.use({str(tmp_path / 'x')!r})\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["--out"], ["--out", "x", "--users", "many"], ["--out", "x", "--seed", "1.5"], ["--out", "x", "--sed", "1"]],
)
def test_the_command_explains_wrong_arguments(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "opscourse generate: error: " in capsys.readouterr().err.splitlines()[-1]
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.slice(1),
        lambda table: table.take(pa.array([1, 0, *range(2, table.num_rows)])),
        lambda table: table.set_column(0, "number", pa.array([2, 2, 3, None])),
        lambda table: table.set_column(1, "word", pa.array(["a", "b", None, "d"])),
        lambda table: table.set_column(2, "share", pa.array([0.1, 0.2, 0.3, 0.40000000000000002 + 1e-16])),
        lambda table: table.rename_columns(["n", "word", "share", "day"]),
        lambda table: table.set_column(3, "day", pa.array(np.array(["2024-01-01"] * 4, dtype="M8[D]"))),
    ],
)
def test_the_hash_of_the_values_sees_every_change_and_no_storage(change, tmp_path):
    days = pa.array(np.array(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], dtype="M8[D]"))
    table = pa.table({"number": [1, 2, 3, None], "word": ["a", "b", None, "c"], "share": [0.1, 0.2, 0.3, 0.4], "day": days})
    coded = parquet.value_hash(_coded(table))
    pq.write_table(_coded(table), tmp_path / "x.parquet", compression="gzip", row_group_size=2)
    assert parquet.value_hash(pq.read_table(tmp_path / "x.parquet")) == coded
    assert parquet.value_hash(_coded(change(table))) != coded


def _coded(table: pa.Table) -> pa.Table:
    return table.set_column(1, table.column_names[1], table.column(1).dictionary_encode())
