"""``nb2image plan``: what would happen."""

from __future__ import annotations

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
def plan(
    context: typer.Context,
    notebook: o.Notebook,
    order: o.OrderOf = o.Order.notebook,
    parameter_cell: o.ParameterCell = None,
    skip_cells: o.SkipCells = "",
    until: o.Until = None,
    answer: o.Answer = None,
    python: o.Python = "",
    requirements: o.Requirements = "",
    assume: o.Assume = None,
    env_from: o.EnvFrom = "",
    versions: o.VersionsOf = None,
    as_of: o.AsOf = "",
    apt: o.Apt = None,
    no_apt: o.NoApt = None,
    repair: o.Repair = 3,
    offline: o.Offline = False,
    base_image: o.BaseImage = "",
    single_stage: o.SingleStage = False,
    compile_bytecode: o.CompileBytecode = False,
    platform: o.PlatformOf = o.Platform.amd64,
    env: o.Env = None,
    include: o.Include = None,
    exclude: o.Exclude = None,
    max_context: o.MaxContext = "",
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Show what convert would do; touches nothing and needs no engine."""
    from nb2image import console, pipeline
    from nb2image.remember import remember
    from nb2image.services import Services

    services, subject = Services(), str(notebook.resolve())
    with (
        face(quiet=quiet, json=json) as emit,
        remember("plan", emit, services, notebook=subject, keep=not no_history) as memory,
    ):
        made = pipeline.make_plan(notebook, o.gather(context.params), services, memory.emit)
        memory.done(made)
    console.show_plan(made, as_json=json)
