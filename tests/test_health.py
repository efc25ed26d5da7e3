"""`opscourse doctor`: whatever is missing or broken is named, with its remedy, and nothing else is."""

import errno
import importlib
import json
import subprocess
import sys
from importlib import metadata

import pytest

from opscourse import health
from opscourse.company import store
from opscourse.errors import DataUnavailable


def lines(capsys):
    """What the doctor said, line by line, and its exit code."""
    code = health.main([])
    return code, capsys.readouterr().out.splitlines()


def test_where_all_is_well_every_line_has_a_tick(capsys):
    code, said = lines(capsys)
    assert code == 0
    assert said[-1] == "All is well."
    assert all(line.startswith("✓ ") for line in said[:-1])
    for what in ("Python 3", "pandas 3", "jupyterlab 4", "data: ", "kernel python3", "widgets"):
        assert any(line.startswith(f"✓ {what}") for line in said), what


def test_a_missing_package_is_named_with_the_command_that_brings_it(capsys, monkeypatch):
    real = metadata.version

    def version(name):
        if name == "seaborn":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "pandas" else real(name)

    monkeypatch.setattr(health.metadata, "version", version)
    code, said = lines(capsys)
    assert code == 1
    assert "✗ pandas 1.0: the course needs >=2.3" in said
    missing = said.index("✗ seaborn: it is not installed (needed: >=0.13.2)")
    assert "bootstrap.py setup" in said[missing + 1]
    assert said[-1] == "To be mended: 2."


def test_an_old_python_is_told_where_to_get_a_newer_one(monkeypatch):
    monkeypatch.setattr(health.sys, "version_info", (3, 9, 1))
    assert str(health.python()).startswith("✗ Python 3.9.1: the course needs >=3.11\n  → install a newer one")


def test_damaged_and_missing_data_are_said_with_how_to_restore_them(monkeypatch):
    monkeypatch.setattr(store, "verify", lambda: ["The file of table 'users' is damaged.", "another"])
    assert str(health.data()) == "✗ data: The file of table 'users' is damaged. and 1 more"

    def gone():
        raise DataUnavailable("The course's own data are missing.")

    monkeypatch.setattr(store, "verify", gone)
    assert str(health.data()) == "✗ data: The course's own data are missing."


def test_a_kernel_of_another_environment_and_one_that_does_not_start_are_told_apart(monkeypatch):
    monkeypatch.setattr(health, "_prefix_of_kernel", lambda: "/opt/other")
    assert "it runs in another environment, /opt/other" in str(health.kernel())
    assert "ipykernel install --sys-prefix" in str(health.kernel())

    def fails():
        raise RuntimeError("Kernel died before replying")

    monkeypatch.setattr(health, "_prefix_of_kernel", fails)
    assert "it does not start (RuntimeError: Kernel died before replying)" in str(health.kernel())


@pytest.mark.parametrize("disabled", [{health.EXTENSION: True}, [health.EXTENSION]])
def test_widgets_that_were_switched_off_are_found(tmp_path, monkeypatch, disabled):
    assert not health.widgets().wrong
    (tmp_path / "labconfig").mkdir()
    (tmp_path / "labconfig/page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    assert "they are switched off" in str(health.widgets())
    assert f"jupyter labextension enable {health.EXTENSION}" in str(health.widgets())


def test_widgets_that_jupyterlab_does_not_have_are_said(monkeypatch):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: ["/nowhere"])
    assert "JupyterLab does not have their extension" in str(health.widgets())


ON_A_MACHINE_THAT = """
import os, sys, pyseccomp
rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for call, answer in eval(sys.argv[1]).items():
    rules.add_rule(pyseccomp.ERRNO(answer), call, *[pyseccomp.Arg(2, pyseccomp.NE, 0)] * (call == "prlimit64"))  # not to read
rules.load()
os.execv(sys.executable, [sys.executable, "-m", "opscourse.cli", "doctor", "--grading"])
"""


def doctor_of_grading(answers):
    """What the doctor says where the kernel answers these calls so, and its exit code."""
    command = [sys.executable, "-c", ON_A_MACHINE_THAT, repr(answers)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stderr == ""
    return run.returncode, run.stdout.splitlines()


def kernel_can_confine():
    """Whether Linux and the libraries offer it, without our code."""
    try:
        importlib.import_module("pyseccomp").get_api()
        importlib.import_module("py_landlock").Landlock().abi_version  # noqa: B018
    except Exception:
        return False
    return True


linux = pytest.mark.skipif(not kernel_can_confine(), reason="this machine cannot confine a process")


@linux
def test_a_machine_that_can_confine_strangers_is_told_so(capsys):
    assert health.main(["--grading"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in said] == ["✓ files:", "✓ calls:", "✓ limits", "All is w"]


@linux
@pytest.mark.parametrize(
    ("answers", "at", "wrong"),
    [
        ({"landlock_create_ruleset": errno.ENOSYS}, 0, "needs Linux 5.13 or later"),
        ({"landlock_create_ruleset": errno.EOPNOTSUPP}, 0, "with landlock in lsm="),
        ({"landlock_restrict_self": 0}, 0, "does not enforce it"),
        ({"seccomp": errno.EINVAL}, 1, "seccomp needs libseccomp"),
        ({"prlimit64": 0}, 2, "does not enforce it"),
    ],
)
def test_what_a_machine_cannot_enforce_is_found_by_trying(answers, at, wrong):
    code, said = doctor_of_grading(answers)
    assert code == 1
    assert [line[0] for line in said] == ["✗" if number == at else "✓" for number in range(3)] + ["T"]
    assert wrong in said[at]


def test_elsewhere_than_on_linux_grading_is_said_to_be_unconfined(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert health.main(["--grading"]) == 1
    assert "on Linux only, and this is darwin\n  → grade on Linux" in capsys.readouterr().out
