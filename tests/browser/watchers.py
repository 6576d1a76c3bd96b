"""Watchers without a browser: each has a session of the page and a stream of the job's events.

To the server they are what a browser is; to the machine they cost next to nothing.
``python -m tests.browser.watchers BASE COOKIE JOB COUNT SECONDS`` prints ``ready`` when all watch,
and at the end how many lines each has got.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import msgspec
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol


@dataclass(slots=True)
class Watcher:
    """One of them."""

    base: str
    cookie: str
    job: str
    lines: int = 0

    async def session(self, ready: asyncio.Event) -> None:
        """Have the page run, and keep its socket open."""
        async with connect(
            f"ws://{urlsplit(self.base).netloc}/_stcore/stream",
            origin=Origin(self.base),
            subprotocols=[Subprotocol("streamlit")],
            additional_headers={"Cookie": self.cookie},
            max_size=None,
        ) as channel:
            asked = BackMsg()
            asked.rerun_script.query_string = f"job={self.job}"
            asked.rerun_script.page_name = "watch"
            await channel.send(asked.SerializeToString())
            async for raw in channel:
                answer = ForwardMsg()
                answer.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
                if answer.WhichOneof("type") == "script_finished":
                    ready.set()

    async def stream(self) -> None:
        """Read the job's events."""
        async with (
            httpx.AsyncClient(timeout=None, headers={"Cookie": self.cookie}) as client,
            client.stream("GET", f"{self.base}/api/jobs/{self.job}/events") as answer,
        ):
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: ") and event == "lines":
                    self.lines += len(msgspec.json.decode(line[6:]))


async def main(base: str, cookie: str, job: str, count: int, seconds: float) -> None:
    watchers = [Watcher(base, cookie, job) for _ in range(count)]
    tasks = []
    for watcher in watchers:
        ready = asyncio.Event()
        tasks.append(asyncio.create_task(watcher.session(ready)))
        await asyncio.wait_for(ready.wait(), 30)
        tasks.append(asyncio.create_task(watcher.stream()))
    print("ready", flush=True)
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(*(watcher.lines for watcher in watchers), flush=True)


if __name__ == "__main__":
    base, cookie, job, count, seconds = sys.argv[1:]
    asyncio.run(main(base, cookie, job, int(count), float(seconds)))
