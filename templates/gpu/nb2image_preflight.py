"""Runs before the script in an image for a GPU: does this machine have what the image needs?

    python -IS nb2image_preflight.py SCRIPT ARGUMENT...

Says in one line on stderr which GPU there is and whether its driver runs the image's CUDA, then
becomes ``python -u SCRIPT ARGUMENT...``. Without a GPU that can be used the run goes on on the
CPU, unless the notebook needs one: then it stops with exit status 1. The floors stand in
preflight.json beside this file; NB2IMAGE_PREFLIGHT=0 leaves the look out. Python 3.6 and later.
"""

import ctypes
import json
import os
import re
import sys

DRIVER_FILES = ("/proc/driver/nvidia/version", "/sys/module/nvidia/version")
DRIVER = re.compile(r"\b(\d{3}(?:\.\d+){1,2})\b")
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76
"""cuDeviceGetAttribute's numbers (cuda.h)."""
REASONS = {
    100: "no GPU is handed to this container: run it with --gpus all",
    802: "the GPU's fabric is not ready",
    803: "the driver's own libraries do not go together",
    804: "the driver is older than the compatibility libraries in the image allow",
}
"""What cuInit returns (cuda.h)."""


def numbers(version):
    """``(550, 54, 14)`` of ``550.54.14``."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def driver_version(files=DRIVER_FILES):
    """The version of NVIDIA's driver; empty where it does not tell (WSL)."""
    for path in files:
        try:
            with open(path) as file:
                found = DRIVER.search(file.read())
        except OSError:
            continue
        if found:
            return found.group(1)
    return from_nvidia_smi()


def from_nvidia_smi():
    """The driver's version as its own program tells it; empty where there is none."""
    import subprocess

    argv = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.check_output(argv, stderr=subprocess.DEVNULL, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    found = DRIVER.search(told.decode("utf-8", "replace"))
    return found.group(1) if found else ""


def load_driver():
    """libcuda, which the container runtime puts in; None where it does not."""
    for name in ("libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def find_gpus(cuda):
    """([(name, (major, minor))], why there are none)."""
    if cuda is None:
        return [], "no GPU is handed to this container: run it with --gpus all"
    status = cuda.cuInit(0)
    if status:
        return [], REASONS.get(status, "cuInit of the driver fails with %d" % status)
    count = ctypes.c_int()
    cuda.cuDeviceGetCount(ctypes.byref(count))
    found = []
    for number in range(count.value):
        device, name, value = ctypes.c_int(), ctypes.create_string_buffer(128), ctypes.c_int()
        cuda.cuDeviceGet(ctypes.byref(device), number)
        cuda.cuDeviceGetName(name, 128, device)
        capability = []
        for attribute in (CAPABILITY_MAJOR, CAPABILITY_MINOR):
            cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
            capability.append(value.value)
        found.append((name.value.decode("utf-8", "replace"), tuple(capability)))
    return found, "" if found else REASONS[100]


def trouble(floors, gpus, missing, driver):
    """Why the GPUs cannot be used; empty when they can."""
    if driver and floors["driver"] and numbers(driver) < numbers(floors["driver"]):
        return "driver %s is too old for CUDA %s, which needs %s or newer" % (
            driver,
            floors["cuda"],
            floors["driver"],
        )
    if missing:
        return missing
    oldest = floors["compute_capability"]
    if oldest and gpus[0][1] < numbers(oldest):  # the first is the fastest, and the one taken
        return "%s has compute capability %d.%d, and the packages have code from %s on" % (
            gpus[0][0],
            gpus[0][1][0],
            gpus[0][1][1],
            oldest,
        )
    return ""


def verdict(floors, gpus, missing, driver):
    """(the line, whether the run may go on)."""
    why = trouble(floors, gpus, missing, driver)
    if not why:
        name, (major, minor) = gpus[0]
        more = " and %d more" % (len(gpus) - 1) if len(gpus) > 1 else ""
        cuda = ", runs CUDA %s" % floors["cuda"] if floors["cuda"] else ""
        line = "GPU %s%s, compute capability %d.%d, driver %s%s"
        return line % (name, more, major, minor, driver or "unknown", cuda), True
    if floors["required"]:
        return "this notebook needs a GPU, and none can be used: %s" % why, False
    return "no GPU can be used, the run is on the CPU: %s" % why, True


def look():
    """Print the line; whether the run may go on."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "preflight.json")) as file:
        floors = json.load(file)
    gpus, missing = find_gpus(load_driver())
    line, go_on = verdict(floors, gpus, missing, driver_version())
    sys.stderr.write("nb2image: %s\n" % line)
    sys.stderr.flush()
    return go_on


def main():
    """Look, then become the script."""
    if os.environ.get("NB2IMAGE_PREFLIGHT") != "0" and not look():
        sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-u", *sys.argv[1:]])


if __name__ == "__main__":
    main()
