"""Executes a notebook with nbclient inside an image that was built of it, to compare with.

The image stays as it is: Jupyter's packages lie in a folder of their own that is mounted, below
the image's packages in the search order and held to the same versions.
"""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path
from typing import Any

JUPYTER = ("ipykernel<7", "ipython<9", "matplotlib-inline<0.1.7", "nbclient", "nbformat")
JUPYTER += ("jsonschema<4.18",)  # what follows needs newer typing-extensions than old images have
ENDED = "nbclient ended:"

PROGRAM = f"""
import json, os, sys
sys.path.append("/jupyter")
for name in ("PYTHONPATH", "MPLBACKEND"):
    os.environ.pop(name, None)
place = "/tmp/jupyter/kernels/image"
os.makedirs(place, exist_ok=True)
start = ("import sys; sys.path.append('/jupyter'); "
         "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()")
spec = {{"argv": [sys.executable, "-c", start, "-f", "{{connection_file}}"],
        "display_name": "image", "language": "python"}}
json.dump(spec, open(place + "/kernel.json", "w"))
os.environ.update(JUPYTER_PATH="/tmp/jupyter", JUPYTER_RUNTIME_DIR="/tmp/runtime",
                  IPYTHONDIR="/tmp/ipython")
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
notebook = nbformat.read(sys.argv[1], as_version=4)
client = NotebookClient(notebook, timeout=int(sys.argv[2]), kernel_name="image",
                        resources={{"metadata": {{"path": os.getcwd()}}}})
try:
    client.execute()
except CellExecutionError as error:
    print("{ENDED}", "error", error.ename, str(error.evalue)[:300])
else:
    print("{ENDED}", "ok")
"""


def execute(
    tag: str, lock: Path, python: str, source: Path, path: str, folder: Path, seconds: int
) -> dict[str, Any]:
    """How nbclient ends with the notebook ``path`` of ``source``: {"kernel", "kernel_why"}.

    ``kernel`` is "ok", "error" (a cell raised), "timeout" or "none" (Jupyter could not be had).
    """
    jupyter = folder / "jupyter"
    pins = [x.split(" ")[0] for x in lock.read_text().splitlines() if "==" in x and x[0].isalnum()]
    (folder / "pins.txt").write_text("\n".join(pins) + "\n")
    uv = ["uv", "pip", "install", "--quiet", "--target", str(jupyter), "--python-version", python]
    uv += ["--python-platform", "x86_64-manylinux_2_36", "--only-binary", ":all:"]
    held = {pin.partition("==")[0].partition("[")[0] for pin in pins}
    uv += ["--constraint", str(folder / "pins.txt")]
    uv += [name for name in JUPYTER if name.partition("<")[0] not in held]
    done = subprocess.run(uv, capture_output=True, text=True)
    if done.returncode:
        return {"kernel": "none", "kernel_why": done.stderr.strip()[-300:]}
    (jupyter / "execute.py").write_text(PROGRAM)
    subprocess.run(["chmod", "-R", "a+rwX", str(source)], check=True)
    name = f"nb2image-kernel-{uuid.uuid4().hex[:8]}"
    argv = ["docker", "run", "--rm", "--name", name, "--network", "none", "--memory", "8g"]
    argv += ["--volume", f"{jupyter}:/jupyter:ro", "--volume", f"{source}:/source"]
    argv += ["--workdir", str(Path("/source", path).parent), "--entrypoint", "python"]
    argv += [tag, "/jupyter/execute.py", Path(path).name, str(seconds)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)
        return {"kernel": "timeout", "kernel_why": ""}
    for line in done.stdout.splitlines():
        if line.startswith(ENDED):
            how, _, why = line.removeprefix(ENDED).strip().partition(" ")
            return {"kernel": how, "kernel_why": why}
    return {"kernel": "none", "kernel_why": (done.stderr or done.stdout).strip()[-300:]}
