"""What somebody with a bare machine may rely on: one command sets all up, and whatever goes wrong is said with its remedy."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from opscourse import bootstrap, docs
from opscourse.bootstrap import SetupProblem

COURSE = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (COURSE / "requirements.lock").read_text(encoding="utf-8").splitlines()


class Machine:
    """A folder with the course's inputs in it, where each step of the set-up is only written down."""

    def __init__(self, root, monkeypatch):
        self.root, self.venv, self.steps, self.fails = root, root / ".venv", [], {}
        for name in ("pyproject.toml", "requirements.lock"):
            (root / name).write_bytes((COURSE / name).read_bytes())
        self.python = self.venv / "bin/python"
        places = {"ROOT": root, "VENV": self.venv, "PYTHON": self.python, "LOCK": root / "requirements.lock"}
        for name, value in {**places, "STATE": self.venv / "opscourse-setup.json"}.items():
            monkeypatch.setattr(bootstrap, name, value)
        monkeypatch.setattr(bootstrap, "run_step", self.step)
        monkeypatch.setattr(bootstrap, "version_of", lambda python: [3, 12] if Path(python).exists() else None)

    def step(self, title, command, env=None):
        """Stands for run_step: a step fails as `fails` says, and the one that makes .venv makes it."""
        kind = title.strip().split(" ")[1] if title.startswith("[") else "course"
        self.steps.append(kind)
        if kind in self.fails:
            raise self.fails.pop(kind)
        if kind == "Making":
            self.make_venv()

    def make_venv(self):
        self.python.parent.mkdir(parents=True)
        self.python.symlink_to("/bin/true")

    def set_up(self):
        """The steps of one start."""
        self.steps.clear()
        bootstrap.set_up()
        return self.steps


ALL = ["Making", "Bringing", "Installing", "course"]
UPDATE = ALL[1:]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def test_the_first_start_does_everything_and_the_second_nothing(machine):
    assert machine.set_up() == ALL
    assert machine.set_up() == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_new_pins_are_installed_into_the_environment_that_is_there(machine, name):
    machine.set_up()
    with open(machine.root / name, "a") as file:
        file.write("# changed\n")
    assert machine.set_up() == UPDATE
    assert machine.set_up() == []


@pytest.mark.parametrize("where", ["Making", "Bringing", "Installing", "course"])
def test_a_setup_that_was_stopped_half_way_is_made_again(machine, where):
    machine.fails = {where: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        machine.set_up()
    assert machine.set_up() == ALL
    assert machine.set_up() == []


def test_an_update_that_was_stopped_half_way_ends_in_a_new_environment(machine):
    machine.set_up()
    (machine.root / "pyproject.toml").write_text("changed")
    machine.fails = {"Installing": KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        machine.set_up()
    assert machine.set_up() == ALL


def test_an_environment_that_cannot_be_removed_now_can_be_removed_later(machine, monkeypatch):
    machine.set_up()
    machine.python.unlink()

    def in_use(path):
        raise PermissionError(13, "Access is denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap.shutil, "rmtree", in_use)
        with pytest.raises(PermissionError):
            machine.set_up()
    assert machine.set_up() == ALL
    assert sorted(path.name for path in machine.venv.iterdir()) == ["bin", bootstrap.STATE.name]


def test_an_environment_of_a_moved_course_or_of_another_python_is_made_again(machine, monkeypatch):
    machine.set_up()
    state = json.loads(bootstrap.STATE.read_text())
    bootstrap.STATE.write_text(json.dumps({**state, "course": "/elsewhere"}))
    assert machine.set_up() == ALL
    bootstrap.STATE.write_text(json.dumps({**state, "python": [3, 11]}))
    assert machine.set_up() == ALL
    machine.python.unlink()
    assert machine.set_up() == ALL


def test_an_environment_made_by_hand_is_taken_over_and_never_removed(machine):
    machine.make_venv()
    (machine.venv / "mine.txt").write_text("mine")
    machine.fails = {"Installing": SetupProblem("no network", "network")}
    with pytest.raises(SetupProblem):
        machine.set_up()
    assert machine.set_up() == UPDATE
    assert machine.set_up() == []
    machine.python.unlink()
    with pytest.raises(SetupProblem, match=r"was not made by this set-up.*Move it away or delete it"):
        machine.set_up()
    assert (machine.venv / "mine.txt").exists()


def test_an_update_without_network_goes_on_with_what_is_there_and_tries_again_next_time(machine, capsys):
    machine.set_up()
    machine.root.joinpath("pyproject.toml").write_text("changed")
    machine.fails = {"Installing": bootstrap.remedy_for("error: dns error", "3.12")}
    machine.set_up()
    assert "Going on with what was installed before" in capsys.readouterr().out
    assert machine.set_up() == UPDATE


def test_a_full_disk_is_said_before_anything_is_written(machine, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 3e8}))
    with pytest.raises(SetupProblem, match=r"needs about 2 GB of disk; 0.3 GB are free"):
        machine.set_up()
    assert not machine.venv.exists()


def test_a_python_without_venv_is_told_which_package_to_install(machine, monkeypatch):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    version = "{}.{}".format(*sys.version_info[:2])
    with pytest.raises(SetupProblem, match=rf"sudo apt install python{version}-venv"):
        machine.set_up()


def test_two_setups_at_once_wait_for_each_other(machine):
    fcntl = pytest.importorskip("fcntl", reason="elsewhere than on Windows the lock is seen with fcntl")
    with bootstrap.alone(), open(bootstrap.LOCK) as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full: free about 2 GB."),
        ("error: failed to write: No space left on device (os error 28)", "The disk is full"),
        ("created successfully because ensurepip is not\n      available.  On Debian", "sudo apt install python3.12-venv"),
        ("/usr/bin/python3: No module named venv", "sudo apt install python3.12-venv"),
        ("  Caused by: dns error: failed to lookup address information", "The package index cannot be reached"),
        ("NewConnectionError('<HTTPSConnection>: Failed to establish a new connection')", "cannot be reached"),
        ("invalid peer certificate: UnknownIssuer", "Your network replaces certificates"),
        ("ERROR: No matching distribution found for uv==0.13.9", "A package is not there for Python 3.12"),
        ("PermissionError: [WinError 5] Access is denied: 'C:\\\\course\\\\.venv'", "Stop JupyterLab if it runs"),
        ("something new", "delete the folder .venv"),
    ],
)
def test_a_failed_step_says_what_to_do(output, sentence):
    assert sentence in str(bootstrap.remedy_for(output, "3.12"))


def test_a_step_shows_its_lines_and_fails_with_the_remedy_for_the_last_of_them(capsys, monkeypatch):
    code = "print('Downloading pandas'); print(' + pandas==3'); raise SystemExit('dns error')"
    with pytest.raises(SetupProblem, match="cannot be reached"):
        bootstrap.run_step("[3/3] Installing", [sys.executable, "-c", code])
    assert capsys.readouterr().out.splitlines()[:2] == ["[3/3] Installing", "      Downloading pandas"]


def test_an_old_python_can_read_the_script_and_says_what_it_needs(monkeypatch):
    ast.parse(Path(bootstrap.__file__).read_text(encoding="utf-8"), feature_version=(3, 7))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(SetupProblem, match=r"needs Python 3.11 or newer; this is 3.9.*python.org"):
        bootstrap.insist_on_a_supported_python()


def test_an_old_python_hands_over_to_a_newer_one_that_is_there(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/opt/{name}" if name >= "python3.12" else None)
    monkeypatch.setattr(bootstrap, "version_of", lambda python: [3, 13] if python.endswith("3.13") else None)
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command: command)
    with pytest.raises(SystemExit) as handed:
        bootstrap.insist_on_a_supported_python()
    assert handed.value.code == ["/opt/python3.13", *sys.argv]


def test_mirror_proxy_and_certificate_of_pip_reach_uv(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("UV_", "SSL_", "HTTP"))]:
        monkeypatch.delenv(name)
    config = """:env:.find-links='/media/wheels'
global.cert='/etc/ours.pem'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.find-links='/old'
global.index-url='https://mirror.example/simple'
global.proxy='http://proxy.example:3128'
install.no-index='true'"""
    env, flags = bootstrap.uv_settings(config)
    assert env == {
        "UV_SYSTEM_CERTS": "1",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/media/wheels",
        "SSL_CERT_FILE": "/etc/ours.pem",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "HTTP_PROXY": "http://proxy.example:3128",
    }
    assert flags == ["--no-index"]
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://chosen.example/simple")
    assert "UV_DEFAULT_INDEX" not in bootstrap.uv_settings(config)[0]


def test_the_script_alone_prints_help_for_an_unknown_word():
    run = subprocess.run([sys.executable, bootstrap.__file__, "lap"], capture_output=True, text=True)
    assert run.returncode == 2
    assert "bootstrap.py lab" in run.stdout


def test_no_module_of_the_package_hides_one_of_python_from_the_setup_script():
    names = {path.stem for path in Path(bootstrap.__file__).parent.iterdir()}
    assert not names & set(sys.stdlib_module_names) - {"__init__"}


def test_the_setup_supports_the_pythons_that_the_project_declares():
    assert PROJECT["project"]["requires-python"] == ">={}.{}".format(*bootstrap.OLDEST)
    declared = [line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"] if "Python :: 3." in line]
    assert declared == [f"3.{minor}" for minor in range(bootstrap.OLDEST[1], bootstrap.NEWEST[1] + 1)]


def test_the_lock_pins_every_dependency_within_its_bounds_and_records_no_address():
    assert not [line for line in LOCK if "://" in line or "--" in line]
    pins = [Requirement(line) for line in LOCK]
    for text in PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]:
        wanted = Requirement(text)
        versions = [str(pin.specifier).removeprefix("==") for pin in pins if pin.name == wanted.name]
        assert versions, f"{wanted.name} is not in the lock: make lock"
        assert all(wanted.specifier.contains(version) for version in versions)


def test_the_installed_packages_fit_together():
    run = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "check", "--python", sys.executable], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


class StrictLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error, as it is for a reader."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key is given twice: {keys}"
        return super().construct_mapping(node, deep)


def test_the_conda_environment_has_the_pins_of_the_lock():
    environment = yaml.load((COURSE / "environment.yml").read_text(encoding="utf-8"), StrictLoader)
    assert sorted(environment) == ["channels", "dependencies", "name"]
    python, pip, packages = environment["dependencies"]
    assert python == "python >={}.{},<{}.{}".format(*bootstrap.OLDEST, 3, bootstrap.NEWEST[1] + 1)
    assert pip == "pip"
    assert packages == {"pip": [*LOCK, "--editable ."]}


def test_yaml_with_a_key_twice_is_refused():
    with pytest.raises(AssertionError, match="given twice"):
        yaml.load("name: a\nname: b", StrictLoader)


def test_readme_and_environment_are_what_their_sources_give():
    assert docs.main(["--check"]) == 0


def test_contributing_gives_a_reason_for_every_dependency_and_for_nothing_else():
    text = (COURSE / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Dependencies")[2]
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    groups = PROJECT["dependency-groups"]
    declared = PROJECT["project"]["dependencies"] + groups["dev"] + groups["engines"]
    assert rows[1:] == [Requirement(line).name for line in declared]


def test_every_make_target_that_the_documents_name_exists():
    makefile = (COURSE / "Makefile").read_text(encoding="utf-8")
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (COURSE / name).read_text(encoding="utf-8")
        for target in set(text.split("`make ")[1:]):
            assert f"\n{target.split('`')[0].split(' ')[0]}:" in makefile
