"""What a command was given becomes the records that the stages read, or an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nb2image.cli.options import Builder, Compression, Entry, Order, Platform

if TYPE_CHECKING:
    from nb2image.build.choose import BuildOptions
    from nb2image.options import Options


def gather(given: Mapping[str, Any]) -> Options:
    """The record of the options that a command was given (its context's ``params``).

    Raises OptionError.
    """
    from nb2image.cli.gpu_options import asked
    from nb2image.options import MAX_CONTEXT_BYTES, Options

    return Options(
        order=given.get("order", Order.notebook).value,
        parameter_cell=given.get("parameter_cell"),
        skip_cells=cells(given.get("skip_cells") or ""),
        until_cell=given.get("until"),
        answers=tuple(given.get("answer") or ()),
        python=given.get("python", ""),
        requirements_file=given.get("requirements", ""),
        lock_file=given.get("lock", ""),
        constraints=constraints(given.get("constraint")),
        lacking=modules(given.get("needs")),
        assume=pairs("--assume", given.get("assume")),
        env_from=given.get("env_from", ""),
        versions=given["versions"].value if given.get("versions") else "",
        as_of=given.get("as_of", ""),
        apt=tuple(given.get("apt") or ()),
        no_apt=tuple(given.get("no_apt") or ()),
        offline=given.get("offline", False),
        repair=given.get("repair", Options().repair),
        gpu=asked(given),
        allow_cuda_in_cpu=given.get("allow_cuda_in_cpu", False),
        driver=given.get("driver") or "",
        cuda=given.get("cuda") or "",
        compute_cap=given.get("compute_cap") or "",
        gpu_base=given["gpu_base"].value if given.get("gpu_base") else "",
        base_image=given.get("base_image", ""),
        packaged_base=gather_build(given).packaged,
        entry=given.get("entry", Entry.script).value,
        layout="single-stage" if given.get("single_stage") else "multi-stage",
        compile_bytecode=given.get("compile_bytecode", False),
        trim=given.get("trim", False),
        platform=given.get("platform", Platform.amd64).value,
        env=pairs("--env", given.get("env")),
        include=tuple(given.get("include") or ()),
        exclude=tuple(given.get("exclude") or ()),
        max_context=size(given["max_context"]) if given.get("max_context") else MAX_CONTEXT_BYTES,
    )


def gather_build(given: Mapping[str, Any]) -> BuildOptions:
    """The record of the build's options that a command was given. Raises OptionError."""
    from nb2image.build.choose import BuildOptions
    from nb2image.errors import OptionError

    check = given.get("check", "")
    if check and re.fullmatch(r"sha256:[0-9a-f]{64}", check) is None:
        raise OptionError(f"--check {check!r} is no sha256:… digest", code="option-invalid")
    return BuildOptions(
        builder=given.get("builder", Builder.auto).value,
        archive=given.get("archive"),
        push=given.get("push", False),
        base=given.get("base", ""),
        snapshot=given.get("snapshot", ""),
        mirror=given.get("mirror", ""),
        compression=given.get("compression", Compression.gzip).value,
        check=check,
        others=tuple(given.get("also") or ()),
    )


def pairs(name: str, given: Iterable[str] | None) -> tuple[tuple[str, str], ...]:
    """``K=V`` options as pairs. Raises OptionError for one without ``=``."""
    from nb2image.errors import OptionError

    found = []
    for text in given or ():
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise OptionError(
                f"{name} {text!r} is not of the form NAME=VALUE", code="option-invalid"
            )
        found.append((key, value))
    return tuple(found)


def constraints(given: Iterable[str] | None) -> tuple[str, ...]:
    """``--constraint`` options in one spelling. Raises OptionError for one that bounds nothing."""
    from packaging.requirements import InvalidRequirement, Requirement

    from nb2image.errors import OptionError

    found = []
    for text in given or ():
        try:
            bounds = Requirement(text)
        except InvalidRequirement:
            bounds = None
        if bounds is None or not bounds.specifier or bounds.url or bounds.extras or bounds.marker:
            raise OptionError(
                f"--constraint {text!r} does not bound a package's version",
                code="option-invalid",
                hint="write it as numpy<2 or pandas==2.2.3",
            )
        found.append(str(bounds))
    return tuple(found)


def modules(given: Iterable[str] | None) -> tuple[str, ...]:
    """``--needs`` options. Raises OptionError for what no import statement could name."""
    from nb2image.errors import OptionError

    found = tuple(given or ())
    for text in found:
        if not all(part.isidentifier() for part in text.split(".")):
            raise OptionError(
                f"--needs {text!r} is not the name of a module",
                code="option-invalid",
                hint="write it as an import statement does: --needs openpyxl",
            )
    return found


def cells(text: str) -> tuple[int, ...]:
    """The cell numbers of ``3,5-7``. Raises OptionError."""
    from nb2image.errors import OptionError

    found: list[int] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if match is None:
            raise OptionError(
                f"--skip-cells {text!r} is not of the form 3,5-7", code="option-invalid"
            )
        found += range(int(match[1]), int(match[2] or match[1]) + 1)
    return tuple(found)


def size(text: str) -> int:
    """Bytes of ``200MB``, ``1.5 GiB`` or ``4096``. Raises OptionError."""
    from nb2image.errors import OptionError
    from nb2image.sizes import parse_size

    found = parse_size(text)
    if found is None:
        raise OptionError(f"{text!r} is not a size such as 200MB or 1.5GiB", code="option-invalid")
    return found
