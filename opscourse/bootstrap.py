"""The set-up: makes `.venv` with everything the course needs, once, then starts JupyterLab or the tests.

    python3 opscourse/bootstrap.py lab      what `make lab` does; further words go to JupyterLab
    python3 opscourse/bootstrap.py test     what `make test` does; further words go to pytest
    python3 opscourse/bootstrap.py setup    the set-up alone

It runs before anything is installed: the standard library only, in a syntax that an old Python can still read, to be
told that it is too old. It may be stopped at any moment: the next start finishes or repairs what is there.
"""

import ast
import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)  # what pyproject.toml declares
NEEDED_GB = 2  # .venv takes 1.5 GB, what is downloaded on the way the rest
ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STATE = VENV / "opscourse-setup.json"  # what was installed, or that it is not finished
LOCK = ROOT / "requirements.lock"

REMEDIES = {  # what a failed step printed (a pattern): what to do
    "disk": (r"No space left|os error (28|112)\b|not enough space", "The disk is full: free about {gb} GB."),
    "venv": (
        r"ensurepip is not\s+available|No module named '?(ensurepip|venv|pip)",
        "This Python comes without venv and pip. Debian and Ubuntu: sudo apt install python{version}-venv. "
        "Elsewhere: install Python from python.org.",
    ),
    "certificate": (
        r"certificate|CERTIFICATE|UnknownIssuer",
        "Your network replaces certificates. Ask for its certificate file, then: python3 -m pip config set global.cert FILE",
    ),
    "network": (
        r"dns error|[Nn]ame resolution|getaddrinfo|NewConnectionError|error sending request|tcp connect|unreachable"
        r"|[Tt]imed? ?out|[Cc]onnection (refused|reset|broken)|Failed to (fetch|download)|ProxyError|network",
        "The package index cannot be reached. Check the network. Behind a proxy set HTTPS_PROXY; for a mirror: "
        "python3 -m pip config set global.index-url ADDRESS. What was downloaded is kept.",
    ),
    "package": (
        r"has no wheels|No solution found|[Nn]o matching distribution|Could not find a version",
        "A package is not there for Python {version} on this computer. The course is tested on 64-bit Linux, macOS "
        "and Windows with Python 3.11 to 3.14.",
    ),
    "permission": (
        r"Permission denied|PermissionError|Access is denied|os error (5|13)\b",
        "A file cannot be written. Stop JupyterLab if it runs, and check that this folder is yours.",
    ),
}


class SetupProblem(Exception):
    """The set-up cannot go on: a sentence that says what to do, and which of REMEDIES it is, if one."""

    def __init__(self, sentence, remedy=None):
        super().__init__(sentence)
        self.remedy = remedy


def say(text):
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def remedy_for(output, version):
    """The SetupProblem for what a failed step printed."""
    for name, (pattern, sentence) in REMEDIES.items():
        if re.search(pattern, output):
            return SetupProblem(sentence.format(version=version, gb=NEEDED_GB), name)
    return SetupProblem("The lines above say what went wrong. If they do not help, delete the folder .venv and run again.")


def run_step(title, command, env=None):
    """Run one step of the set-up: its title, then its own lines as they come; a SetupProblem where it fails."""
    say(title)
    environment = {**os.environ, **(env or {}), "PYTHONUNBUFFERED": "1"}
    command = [str(word) for word in command]
    last = deque(maxlen=60)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=str(ROOT),
        encoding="utf-8",
        errors="replace",
    ) as step:
        for line in step.stdout:
            last.append(line)
            if not re.match(r" [+~-] ", line):  # uv lists each package again when all is done
                say("      " + line.rstrip())
    if step.returncode != 0:
        raise remedy_for("".join(last), "{}.{}".format(*sys.version_info[:2]))


def version_of(python):
    """The [major, minor] of an interpreter, or None where it does not run."""
    command = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return [int(part) for part in run.stdout.split()] if run.returncode == 0 else None


def insist_on_a_supported_python():
    """Return where this Python will do; else run again with one that does, or say what to install."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and version_of(found) == [3, minor]:
            raise SystemExit(subprocess.call([found, *sys.argv]))
    raise SetupProblem(
        "The course needs Python {}.{} or newer; this is {}.{}. ".format(*OLDEST, *sys.version_info[:2])
        + "Install one (Windows and macOS: python.org; Debian and Ubuntu: sudo apt install python3 python3-venv)."
    )


@contextlib.contextmanager
def alone():
    """Let a second set-up of the same folder wait until this one ends, however it ends."""
    with open(LOCK) as lock:
        with contextlib.suppress(OSError):  # some network drives cannot lock: then go on without
            if os.name == "nt":
                import msvcrt

                lock.seek(1 << 30)  # a byte past the end: other programs can still read the file
                msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_state():
    """What STATE says; {} where it is missing or damaged."""
    try:
        return json.loads(STATE.read_text())
    except (OSError, ValueError):
        return {}


def wanted_state(version, mine):
    """What STATE says when all that these files ask for is installed in this folder for this Python.

    `mine` tells that this set-up made the environment: only then may it remove it.
    """
    inputs = [ROOT / "pyproject.toml", LOCK, Path(__file__)]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()
    return {"course": str(ROOT), "python": version, "inputs": digest, "mine": mine}


def set_up():
    """Make .venv what these files ask for: nothing to do, an update in place, or a new one."""
    started = time.time()
    version, state = version_of(PYTHON), read_state()
    mine = state.get("mine", not VENV.exists())
    if version and state == wanted_state(version, mine):
        return
    # Unfinished, or made by another Python or in another folder: the paths in it are wrong.
    spoilt = bool(state) and (state.get("course"), state.get("python")) != (str(ROOT), version)
    if spoilt or version is None or tuple(version) < OLDEST:
        if not mine:
            raise SetupProblem(
                "The folder .venv was not made by this set-up and does not serve: its Python is missing or too old, or "
                "the course was moved. Move it away or delete it."
            )
        make_environment()
        version, state = version_of(PYTHON), {}
    if mine:
        mark_unfinished()
    try:
        install_packages()
    except SetupProblem as problem:
        if not (state and problem.remedy in ("network", "certificate")):
            raise
        # uv downloads everything before it changes anything: what was installed before still works.
        STATE.write_text(json.dumps(state))
        say(f"\nNot updated. {problem}\nGoing on with what was installed before.\n")
        return
    STATE.write_text(json.dumps(wanted_state(version, mine)))
    say(f"Ready after {time.time() - started:.0f} seconds.\n")


def mark_unfinished():
    """Say in STATE that this set-up made .venv and has not finished it: the next start makes it again."""
    STATE.write_text(json.dumps({"mine": True}))


def make_environment():
    """Make .venv anew with this Python; only where none is, or the one there was made by this set-up."""
    version = "{}.{}".format(*sys.version_info[:2])
    free_gb = shutil.disk_usage(str(ROOT)).free / 1e9
    if free_gb < NEEDED_GB:
        raise SetupProblem(f"The set-up needs about {NEEDED_GB} GB of disk; {free_gb:.1f} GB are free. Make room first.")
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise remedy_for("No module named ensurepip", version)
    if VENV.exists():
        say("The environment in .venv is unfinished, or of another Python or place: it is made again.")
    VENV.mkdir(exist_ok=True)
    mark_unfinished()
    for old in VENV.iterdir():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(str(old))
        elif old != STATE:  # it stays to the last: without it .venv would look like somebody else's
            old.unlink()
    python = getattr(sys, "_base_executable", sys.executable)  # the one to build on, should .venv's own run this
    run_step(f"[1/3] Making .venv with Python {version}: a few seconds", [python, "-m", "venv", VENV])


def install_packages():
    """Bring uv into .venv, and with it the locked packages and this course, editable."""
    uv = re.search(r"^uv==\S+", LOCK.read_text(), re.MULTILINE).group()
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    if subprocess.call([*map(str, pip), "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) != 0:
        run_step("      Bringing pip", [PYTHON, "-m", "ensurepip", "--upgrade"])
    run_step(f"[2/3] Bringing {uv}, the installer: a few seconds", [*pip, "install", "--quiet", uv])
    config = subprocess.run([*map(str, pip), "config", "list"], stdout=subprocess.PIPE, encoding="utf-8").stdout
    env, flags = uv_settings(config)
    install = [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, *flags]
    run_step(
        "[3/3] Installing the packages, about 350 MB to download: one to five minutes the first time",
        [*install, "--compile-bytecode", "--requirements", LOCK],
        env,
    )
    run_step("      and the course itself", [*install, "--no-deps", "--no-build-isolation", "--editable", ROOT], env)


def uv_settings(pip_config):
    """(environment, flags) that tell uv what `pip config list` says: mirror, proxy, certificate. uv does not look there.

    >>> uv_settings("global.index-url='https://mirror.example/simple'")[0]["UV_DEFAULT_INDEX"]
    'https://mirror.example/simple'
    """
    found = {}
    for line in sorted(pip_config.splitlines(), key=lambda line: (line.startswith(":env:"), line.startswith("install."))):
        key, _, value = line.partition("=")
        with contextlib.suppress(ValueError, SyntaxError):
            found[key.rpartition(".")[2]] = " ".join(str(ast.literal_eval(value)).split())
    env = {"UV_SYSTEM_CERTS": "1"}  # the certificates of this computer, as pip does
    names = {
        "index-url": ["UV_DEFAULT_INDEX"],
        "extra-index-url": ["UV_INDEX"],
        "trusted-host": ["UV_INSECURE_HOST"],
        "cert": ["SSL_CERT_FILE"],
        "proxy": ["HTTPS_PROXY", "HTTP_PROXY"],
    }
    for key in found.keys() & names.keys():
        env.update(dict.fromkeys(names[key], found[key]))
    if "extra-index-url" in found:
        env["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # what pip does: the version counts, not the order
    if "find-links" in found:
        env["UV_FIND_LINKS"] = ",".join(found["find-links"].split())
    flags = ["--no-index"] if found.get("no-index", "").lower() in ("1", "true", "yes", "on") else []
    return {name: value for name, value in env.items() if name not in os.environ}, flags


def start(arguments, **env):
    """Become `.venv`'s Python with these arguments; where a process cannot be replaced, wait for it."""
    os.chdir(str(ROOT))
    # What another Python was told is not for this one.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    environment.update(env)
    command = [str(PYTHON), *arguments]
    if os.name != "nt":
        os.execve(command[0], command, environment)
    with subprocess.Popen(command, env=environment) as process:
        while True:
            try:
                raise SystemExit(process.wait())
            except KeyboardInterrupt:
                pass  # Ctrl-C goes to JupyterLab too, which asks whether to stop


def main(argv):
    """Set up, then do what the first word says. Returns the exit code."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # an old Windows console cannot show every character
    action, rest = (argv[0] if argv else "lab"), argv[1:]
    if action not in ("lab", "test", "setup"):
        say(__doc__)
        return 2
    try:
        insist_on_a_supported_python()
        with alone():
            set_up()
    except OSError as error:
        say(f"\nSTOPPED. {error}\n{remedy_for(str(error), NEWEST)}\nThen run the same command again.")
        return 1
    except SetupProblem as problem:
        say(f"\nSTOPPED. {problem}\nThen run the same command again.")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run the same command again to go on.")
        return 130
    if action == "lab":
        say("JupyterLab opens in your browser. If it does not, open the address below that begins with http.")
        say("To stop it: Ctrl-C here, twice.")
        start(["-m", "jupyterlab", "--config=.jupyter/jupyter_lab_config.py", *rest], JUPYTER_PREFER_ENV_PATH="1")
    if action == "test":
        start(["-m", "pytest", *rest])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
