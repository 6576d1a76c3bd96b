"""The dashboard's server as ``nb2image dashboard`` starts it, where a test may start jobs too.

``python -m tests.browser.server START PORT``. A job whose first argument is ``--play`` runs
``tests/browser/play.py`` with the others instead of a command of nb2image.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard import routes, state
from dashboard.server import serve
from nb2image.jobs import JobRequest, child

PLAY = Path(__file__).with_name("play.py")


def command(request: JobRequest) -> tuple[str, ...]:
    """The real command of a job, or the play that a test asked for."""
    if request.arguments[:1] == ("--play",):
        return (sys.executable, str(PLAY), *request.arguments[1:])
    return real_command(request)


def start(request: Request) -> Response:
    """Start the job that the address describes; its id."""
    asked = msgspec.json.decode(request.query_params["request"], type=JobRequest)
    return PlainTextResponse(state.jobs().start(asked).id)


def announce(address: str) -> None:
    """Say that the server answers."""
    print(address, flush=True)


real_command = child.command
own_routes = routes.routes
if __name__ == "__main__":
    child.command = command
    routes.routes = lambda: [*own_routes(), Route("/test/start", start)]
    try:
        serve(start=Path(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), ready=announce)
    except KeyboardInterrupt:
        pass
