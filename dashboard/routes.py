"""What the server answers beside pages: a job's events as they come, and its log as a file.

Reading only: nothing here changes anything, so that a request made by another site does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard import state
from dashboard.stream import Stream
from nb2image.jobs.text import lines

BATCH = 2000
"""Entries that are read at once; other visitors have their turn after each."""
SETTLED_SECONDS = 0.04
"""How long a stream waits before it looks again for more."""

stopping = asyncio.Event()
"""Set when the server is to end: streams would keep it open."""


async def events(request: Request) -> Response:
    """Server-sent events of a job: its lines after a number, its steps, its end."""
    after = request.headers.get("last-event-id") or request.query_params.get("after", "")
    try:
        stream = Stream(state.jobs(), request.path_params["job"], after=number(after))
    except KeyError:
        return PlainTextResponse("no such job\n", 404)

    async def send() -> AsyncIterator[bytes]:
        with stream:
            while not stopping.is_set():
                more, full = stream.more(BATCH)
                for message in more:
                    yield message
                if stream.ended:
                    return
                await asyncio.sleep(0 if full else SETTLED_SECONDS)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(send(), media_type="text/event-stream", headers=headers)


async def log(request: Request) -> Response:
    """A job's log as text, to be downloaded."""
    job = request.path_params["job"]
    try:
        state.jobs().job(job)
    except KeyError:
        return PlainTextResponse("no such job\n", 404)

    async def send() -> AsyncIterator[bytes]:
        with state.jobs().reader(job) as reader:
            while entries := reader.entries(BATCH):
                yield "".join(f"{line.text}\n" for line in lines(entries)).encode()
                await asyncio.sleep(0)

    return StreamingResponse(
        send(),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{job}.log"'},
    )


async def record(request: Request) -> Response:
    """What is known of a job, as JSON."""
    try:
        job = state.jobs().job(request.path_params["job"])
    except KeyError:
        return PlainTextResponse("no such job\n", 404)
    return Response(msgspec.json.encode(job), media_type="application/json")


def number(text: str) -> int:
    """A number of an event from an address; what is none counts from the beginning."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def routes() -> list[Route]:
    """All of them."""
    return [
        Route("/api/jobs/{job}", record, methods=["GET"]),
        Route("/api/jobs/{job}/events", events, methods=["GET"]),
        Route("/api/jobs/{job}/log", log, methods=["GET"]),
    ]
