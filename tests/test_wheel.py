"""What an installed package holds: the company and the sealed keys, no answer that can be read."""

import os
import subprocess
import sys
import zipfile

import pytest
from classroom import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_a_wheel_holds_no_answers_and_no_solutions(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    keys = sorted(path.name for path in (ROOT / "datasets" / "keys").glob("*.json"))
    assert sorted(name.rpartition("/")[2] for name in names if name.startswith("opscourse/_datasets/keys/")) == keys
    source = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("opscourse/**/*.py")}
    assert {name for name in names if name.endswith((".py", ".ipynb"))} == source


def test_a_wheel_holds_the_templates_of_the_grading_reports(wheel):
    templates = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("opscourse/grading/templates/*.html")}
    assert templates
    assert templates <= set(zipfile.ZipFile(wheel).namelist())


def test_an_installed_package_loads_and_checks_from_any_folder(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    lines = "import opscourse; print(len(opscourse.load('users')), opscourse.__file__); opscourse.check('0.1', -1)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith(f"20000 {tmp_path}")
    assert "CheckFailed: ✗ 0.1" in done.stderr
