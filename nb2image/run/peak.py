"""How much memory a container uses at most."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import docker


class Peak:
    """The most memory that a container uses, as far as the engine's samples show it."""

    def __init__(self, engine: docker.DockerClient, name: str) -> None:
        self.bytes: int | None = None
        threading.Thread(target=self._watch, args=(engine, name), daemon=True).start()

    def _watch(self, engine: docker.DockerClient, name: str) -> None:
        # the samples end with the container; whatever else ends them costs a number only
        with contextlib.suppress(Exception):
            for sample in engine.api.stats(name, decode=True):
                memory = sample.get("memory_stats") or {}
                detail = memory.get("stats") or {}
                # what the kernel could drop at once is no need (as `docker stats` counts)
                spare = detail.get("inactive_file", detail.get("total_inactive_file", 0))
                if memory.get("usage"):
                    self.bytes = max(self.bytes or 0, int(memory["usage"]) - int(spare))
