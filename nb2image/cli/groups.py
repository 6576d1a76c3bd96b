"""Groups of options that whole commands share: a group is stated once, as a signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from nb2image.cli import gpu_options as g
from nb2image.cli import options as o


def about_notebook(
    order: o.OrderOf = o.Order.notebook,
    parameter_cell: o.ParameterCell = None,
    skip_cells: o.SkipCells = "",
    until: o.Until = None,
    answer: o.Answer = None,
    python: o.Python = "",
    requirements: o.Requirements = "",
    lock: o.Lock = "",
    assume: o.Assume = None,
    constraint: o.Constraint = None,
    needs: o.Needs = None,
    env_from: o.EnvFrom = "",
    versions: o.VersionsOf = None,
    as_of: o.AsOf = "",
    apt: o.Apt = None,
    no_apt: o.NoApt = None,
    repair: o.Repair = 3,
    offline: o.Offline = False,
    gpu: g.Gpu = False,
    cpu: g.Cpu = False,
    allow_cuda_in_cpu: g.AllowCudaInCpu = False,
    driver: g.Driver = "",
    cuda: g.Cuda = "",
    compute_cap: g.ComputeCap = "",
    gpu_base: g.GpuBase = None,
    base_image: o.BaseImage = "",
    entry: o.EntryOf = o.Entry.script,
    single_stage: o.SingleStage = False,
    compile_bytecode: o.CompileBytecode = False,
    trim: o.Trim = False,
    platform: o.PlatformOf = o.Platform.amd64,
    env: o.Env = None,
    include: o.Include = None,
    exclude: o.Exclude = None,
    max_context: o.MaxContext = "",
) -> None:
    """All that ``gather`` reads: what plan, convert and requirements can be told."""


def about_limits(
    max_size: o.MaxSize = "",
    max_compressed: o.MaxCompressed = "",
    max_layer: o.MaxLayer = "",
    max_package: o.MaxPackage = "",
    max_wasted: o.MaxWasted = "",
    max_wasted_share: o.MaxWastedShare = "",
    min_efficiency: o.MinEfficiency = "",
) -> None:
    """The limits that an image can be held to."""


def takes(group: Callable[..., None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take the options of a group too; it finds them in its context's ``params``.

    typer makes options of a function's signature: this puts the group's parameters behind the
    command's own and keeps their values from the call.
    """
    shared = inspect.signature(group, eval_str=True).parameters

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters

        @functools.wraps(command)
        def called(**given: Any) -> None:
            command(**{name: value for name, value in given.items() if name in own})

        together = {**own, **{n: p for n, p in shared.items() if n not in own}}
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in together.values()]
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        return called

    return decorate
