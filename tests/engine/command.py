"""nb2image as a user starts it: a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def started(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """nb2image at work in a folder, interrupted at the end; ``env`` is added to the environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nb2image", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            for sig in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
                if process.poll() is None:
                    process.send_signal(sig)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(15)


def nb2image(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run nb2image to its end."""
    with started(*arguments, cwd=cwd, env=env) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def write_notebook(path: Path, *cells: str) -> Path:
    """A notebook of code cells, as Jupyter saves it."""
    code: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(cells, 1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python", "version": "3.11.2"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": code}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path
