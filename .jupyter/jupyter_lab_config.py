"""How JupyterLab starts for this course: `jupyter lab --config=.jupyter/jupyter_lab_config.py`, which `make lab` does.

It asks nothing of the network, opens on the first page, and leaves the settings in your home folder alone.
"""

import contextlib
import os
import shutil
import sys
from pathlib import Path
from platform import uname

from opscourse.grading import warm

SETTINGS = Path(__file__).resolve().parent
COURSE = SETTINGS.parent

c = get_config()  # noqa: F821 - Jupyter defines it for its configuration files

c.ServerApp.root_dir = str(COURSE)
c.LabApp.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
# The tabs that were open last time belong to this course, not to other work of the same user.
c.LabApp.workspaces_dir = str(Path(sys.prefix) / "share/jupyter/lab/workspaces")

# overrides.json beside this file: no question about news, no extension shop, the lessons' kernel without a question.
c.LabApp.app_settings_dir = str(SETTINGS)
# The course works offline: nothing is fetched even if somebody switches the above on again.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"

# Containers of a class often run as root; the address stays this machine's own unless you pass --ip.
c.ServerApp.allow_root = True
# On a computer with several users, the others cannot listen to what goes to a kernel and back.
c.KernelManager.transport_encryption = "auto"
# A kernel is forked from a process that has the libraries imported already: it starts in half a second, imports included.
# Where a system cannot fork, kernels start as they always did.
with contextlib.suppress(OSError):
    warm.start()
    c.KernelProvisionerFactory.default_provisioner_name = "opscourse-warm"
# Nothing but errors and the address, so that the address can be seen.
c.ServerApp.log_level = "ERROR"
c.LabApp.log_level = "ERROR"

wsl = "microsoft" in uname().release.lower()
linux = sys.platform.startswith("linux")
if wsl and shutil.which("wslview"):  # the Windows browser: it cannot open the file that Jupyter writes for it
    c.ServerApp.browser = "wslview %s"
    c.ServerApp.use_redirect_file = False
elif linux and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")):
    c.ServerApp.open_browser = False  # Python would fall back to a text browser inside the terminal
