"""A kernel forked from a warm process for each run, driven by nbclient: the protocol without sandbox and judge.

`python kernel.py JOBS.json WORKERS OUT.json`, as fork.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from opscourse.exercise.session import ANSWER

SPEC = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "warm",
    "language": "python",
    "metadata": {"kernel_provisioner": {"provisioner_name": "opscourse-warm"}},
}


async def answered(notebook: str, data: str, free: asyncio.Semaphore) -> dict[str, object]:
    """The answers of one notebook."""
    async with free:
        content = nbformat.read(notebook, as_version=4)
        client = NotebookClient(content, kernel_name="warm", allow_errors=True)
        await client.async_execute(env={**os.environ, "OPSCOURSE_DATA": data})
    outputs = [output for cell in content.cells for output in cell.get("outputs", []) if ANSWER in output.get("data", {})]
    return {output.data[ANSWER]["question"]: output.data[ANSWER]["answer"] for output in outputs}


async def main(jobs: Path, workers: int, target: Path) -> None:
    """Run all jobs, at most so many at once."""
    spec = Path("jupyter/kernels/warm/kernel.json").absolute()
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps(SPEC))
    os.environ["JUPYTER_PATH"] = str(spec.parents[2])
    free = asyncio.Semaphore(workers)
    results = await asyncio.gather(*(answered(*job, free) for job in json.loads(jobs.read_text())))
    target.write_text(json.dumps(results))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
