"""Warm kernels: forked where that is possible, and otherwise like any kernel."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

from opscourse.grading import warm

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
PATIENT = 120


@pytest.fixture(scope="module", autouse=True)
def _server():
    """A fork server, and its provisioner by default."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "PATIENCE", PATIENT)
        patch.setattr(KernelProvisionerFactory.instance(), "default_provisioner_name", "opscourse-warm")
        patch.setenv(warm.SHARED, "")
        warm.start()
        yield
        warm._zygote.close()
        patch.setattr(warm, "_zygote", None)


@contextmanager
def kernel(**settings):
    """A manager and a client of a running kernel."""
    manager = KernelManager(kernel_name="python3", **{"transport_encryption": "disabled", **settings})
    manager.start_kernel(extra_arguments=["--log-level=CRITICAL"])
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENT)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def messages(client, code):
    """What a cell publishes."""
    published = []
    client.execute_interactive(code, timeout=PATIENT, output_hook=published.append)
    return published


def value(client, expression):
    """The value of an expression in the kernel."""
    published = messages(client, f"print(repr({expression}))")
    return eval("".join(message["content"]["text"] for message in published if message["msg_type"] == "stream"))


def test_a_kernel_is_forked_with_third_party_libraries_and_nothing_of_the_course():
    with kernel() as (manager, client):
        assert isinstance(manager.provisioner.process, warm.Forked)
        assert value(client, "__import__('os').getppid()") == warm._zygote.process.pid
        modules = value(client, "sorted(__import__('sys').modules)")
    assert {"pandas", "sklearn", "seaborn", "matplotlib.pyplot"} <= set(modules)
    assert not [name for name in modules if name.startswith("opscourse")]


def test_a_kernel_has_the_environment_directory_and_arguments_it_was_given(tmp_path):
    manager = KernelManager(kernel_name="python3")
    env = {**os.environ, "GIVEN": "yes", "TZ": "Asia/Shanghai"}
    env.pop("HOME", None)
    manager.start_kernel(cwd=str(tmp_path), env=env, extra_arguments=["--log-level=CRITICAL"])
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENT)
        assert isinstance(manager.provisioner.process, warm.Forked)
        assert value(client, "__import__('os').getcwd()") == str(tmp_path.resolve())
        environment = value(client, "dict(__import__('os').environ)")
        assert (environment["GIVEN"], environment.get("HOME"), environment.get(warm.SHARED)) == ("yes", None, None)
        assert value(client, "__import__('time').strftime('%z')") == "+0800"
        assert value(client, "__import__('sys').argv[-1]") == "--log-level=CRITICAL"
        assert value(client, "sorted(__import__('os').listdir('/proc/self/fd') if False else [])") == []
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_figures_are_shown_inline_and_widgets_work():
    with kernel() as (_, client):
        shown = messages(client, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
        assert any("image/png" in message["content"].get("data", {}) for message in shown)
        shown = messages(client, "import ipywidgets\nipywidgets.IntSlider()")
        kinds = {kind for message in shown for kind in message["content"].get("data", {})}
        assert "application/vnd.jupyter.widget-view+json" in kinds


def test_kernels_draw_different_random_numbers():
    with kernel() as (_, one), kernel() as (_, other):
        draw = "(__import__('numpy').random.rand(), __import__('random').random())"
        first, second = value(one, draw), value(other, draw)
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_a_kernel_is_interrupted_restarted_and_shut_down():
    with kernel() as (manager, client):
        first = manager.provisioner.pid
        client.execute("print('on', flush=True)\nimport time\ntime.sleep(1000)")
        while client.get_iopub_msg(timeout=PATIENT)["msg_type"] != "stream":
            pass
        manager.interrupt_kernel()
        while (message := client.get_iopub_msg(timeout=PATIENT))["msg_type"] != "error":
            pass
        assert message["content"]["ename"] == "KeyboardInterrupt"
        manager.restart_kernel(now=False)
        client.wait_for_ready(timeout=PATIENT)
        assert manager.provisioner.pid != first
        assert not psutil.pid_exists(first)
        assert value(client, "1 + 1") == 2
        second, process = psutil.Process(manager.provisioner.pid), manager.provisioner.process
        manager.shutdown_kernel(now=False)
        assert not second.is_running()
        assert process.returncode == 0


def test_a_killed_kernel_is_dead_with_its_signal():
    with kernel() as (manager, _):
        process = manager.provisioner.process
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(PATIENT) == -signal.SIGKILL
        assert not manager.is_alive()


def test_encrypted_transport_works():
    with kernel(transport_encryption="auto") as (manager, client):
        assert isinstance(manager.provisioner.process, warm.Forked)
        assert manager.curve_publickey
        assert value(client, "1 + 1") == 2


def test_a_kernel_that_a_fork_cannot_give_starts_as_ever(monkeypatch):
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env={**os.environ, "PYTHONOPTIMIZE": "1"}, extra_arguments=["--log-level=CRITICAL"])
    assert isinstance(manager.provisioner.process, subprocess.Popen)
    manager.shutdown_kernel(now=True)
    monkeypatch.setattr(warm, "_zygote", None)
    monkeypatch.setenv(warm.SHARED, "")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--log-level=CRITICAL"])
    assert isinstance(manager.provisioner.process, subprocess.Popen)
    manager.shutdown_kernel(now=True)


def test_nbval_in_another_process_uses_the_same_server(tmp_path):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
    source = f"import os\nassert os.getppid() == {warm._zygote.process.pid}"
    text = json.dumps({"cells": [{**cell, "source": source}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    (tmp_path / "a.ipynb").write_text(text)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "a.ipynb"]
    env = {**os.environ, "JUPYTER_DEFAULT_PROVISIONER_NAME": "opscourse-warm"}
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_a_killed_server_takes_its_kernels_with_it_and_the_next_kernel_gets_a_new_one():
    with kernel() as (manager, _):
        process, server = psutil.Process(manager.provisioner.pid), warm._zygote.process
        server.kill()
        assert server.wait() == -signal.SIGKILL
        process.wait(PATIENT)
        assert not manager.is_alive()
        manager.restart_kernel(now=True)
        assert isinstance(manager.provisioner.process, warm.Forked)
        assert warm._zygote.process.pid != server.pid


def test_after_an_installation_the_next_kernel_gets_a_new_server_and_the_old_one_ends_with_its_last(tmp_path, monkeypatch):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    with kernel() as (manager, client):
        old = warm._zygote.process
        monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
        with kernel() as (_, newer):
            assert value(newer, "__import__('os').getppid()") == warm._zygote.process.pid != old.pid
            assert value(client, "1 + 1") == 2
        assert manager.is_alive()
    assert old.wait(PATIENT) == 0


def test_the_server_ends_with_its_parent_and_cleans_up():
    program = (
        "from opscourse.grading import warm; warm.start(); z = warm._zygote; print(z.process.pid, z.path, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as parent:
        pid, path = parent.stdout.readline().split()
        server = psutil.Process(int(pid))
        parent.kill()
    server.wait(PATIENT)
    deadline = time.monotonic() + PATIENT
    while Path(path).parent.exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
