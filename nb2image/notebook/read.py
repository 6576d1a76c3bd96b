"""Reads a notebook from its bytes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from nb2image.errors import NotebookError
from nb2image.model import Cell, Finding, MimeData, Notebook, Output
from nb2image.notebook.text import LINE_END
from nb2image.notebook.textual import notebook_of_text

# Kernel names that say their language where the metadata does not.
OTHER_KERNELS = re.compile(
    r"^(ir$|julia|bash|javascript|deno|typescript|scala|apache_toree_scala|almond|octave|matlab"
    r"|sos|sagemath|ruby|go|gophernotes|rust|evcxr|\.net-|csharp|fsharp|haskell|ihaskell|perl"
    r"|xcpp|cpp|stata|sas|java$|ijava|kotlin|sql|postgres|wolfram|maxima|lua|php|swift)",
    re.IGNORECASE,
)


def read_notebook(data: bytes, *, name: str, suffix: str = ".ipynb") -> Notebook:
    """The notebook in ``data``; ``suffix`` tells .ipynb from jupytext's .py and .md.

    Raises NotebookError.
    """
    text = decoded(data)
    if suffix == ".ipynb":
        content, found = parsed(text)
    elif suffix in (".py", ".md"):
        content, found = notebook_of_text(text, suffix), "jupytext"
    else:
        raise NotebookError(
            f"a {suffix or 'file without a suffix'} is not a notebook that can be read",
            code="not-a-notebook",
            hint="name a .ipynb file, or a .py or .md file of jupytext's",
        )
    metadata = mapping(content.get("metadata"))
    kernel = mapping(metadata.get("kernelspec"))
    language = mapping(metadata.get("language_info"))
    refuse_other_languages(kernel, language)
    cells = tuple(cell(number, raw) for number, raw in enumerate(content["cells"], 1))
    if not any(c.kind == "code" and c.source.strip() for c in cells):
        raise NotebookError(
            "the notebook has no code cells",
            code="no-code",
            hint="an image needs something to run: check that this is the notebook you meant",
        )
    return Notebook(
        name=name,
        cells=cells,
        sha256=hashlib.sha256(data).hexdigest(),
        format=found,
        kernel_name=string(kernel.get("name")),
        kernel_display_name=string(kernel.get("display_name")),
        python_version=string(language.get("version")),
        metadata_json=json.dumps(metadata, sort_keys=True, ensure_ascii=True, default=str),
        findings=encoding_findings(data),
    )


def decoded(data: bytes) -> str:
    """The text of the file: UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            try:
                return data.decode("utf-16")
            except UnicodeDecodeError:
                pass
        line = data.count(b"\n", 0, error.start) + 1
        raise NotebookError(
            f"the file is not UTF-8 text: byte {data[error.start]:#04x} in line {line}",
            code="not-text",
            hint="save it again from Jupyter, or convert it to UTF-8",
        ) from error


def encoding_findings(data: bytes) -> tuple[Finding, ...]:
    """A note when the file is not plain UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return (Finding(severity="note", code="encoding", message="the file is UTF-16, not UTF-8"),)
    return ()


def parsed(text: str) -> tuple[dict[str, Any], str]:
    """The notebook as nbformat 4, and the format that it was found in."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise not_json(text, error) from error
    except (ValueError, RecursionError) as error:
        raise NotebookError(
            f"the file is JSON that cannot be read: {error}",
            code="not-json",
            hint="save it again from Jupyter",
        ) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        raise not_a_notebook("it does not say its nbformat")
    major, minor = raw["nbformat"], raw.get("nbformat_minor", 0)
    if major not in (3, 4):
        raise NotebookError(
            f"nbformat {major} is not supported",
            code="nbformat",
            hint="open the notebook in Jupyter and save it: that writes nbformat 4",
        )
    content = upgraded(raw, text) if major == 3 else raw
    cells = content.get("cells")
    if not isinstance(cells, list) or not all(isinstance(c, dict) for c in cells):
        raise not_a_notebook("it has no list of cells")
    return content, f"{major}.{minor}"


def not_json(text: str, error: json.JSONDecodeError) -> NotebookError:
    """What to say of a file that is not JSON."""
    if not text.strip():
        return NotebookError(
            "the file is empty", code="not-json", hint="check the path, or restore the notebook"
        )
    where = f"line {error.lineno}, column {error.colno}"
    if re.search(r"^(<<<<<<<|=======|>>>>>>>)", text, re.MULTILINE):
        hint = "the file holds git's conflict marks: resolve the merge first"
    elif text.startswith("version https://git-lfs"):
        hint = "this is a Git LFS pointer: fetch the notebook itself with git lfs pull"
    else:
        hint = "save it again from Jupyter, or repair the JSON at that place"
    return NotebookError(f"the file is not JSON: {error.msg}, {where}", code="not-json", hint=hint)


def not_a_notebook(why: str) -> NotebookError:
    """What to say of JSON that is something else."""
    return NotebookError(
        f"the file is JSON but not a notebook: {why}",
        code="not-a-notebook",
        hint="name a .ipynb file that Jupyter wrote",
    )


def upgraded(raw: dict[str, Any], text: str) -> dict[str, Any]:
    """An nbformat 3 notebook as nbformat 4."""
    from nbformat import converter, reader  # costs 0.15 s: only old notebooks pay

    for sheet in raw.get("worksheets") or []:
        for old in sheet.get("cells") or []:
            if old.get("language", "python") not in ("python", ""):
                raise other_language(string(old["language"]))
    try:
        content = converter.convert(reader.reads(text), 4)
    except Exception as error:  # nbformat raises whatever a malformed field leads to
        raise not_a_notebook(f"nbformat cannot upgrade it ({error})") from error
    return dict(content)


def refuse_other_languages(kernel: Mapping[str, Any], language: Mapping[str, Any]) -> None:
    """Raise NotebookError for a kernel that is not Python."""
    spoken = string(language.get("name")) or string(kernel.get("language"))
    name = string(kernel.get("name"))
    if spoken and spoken.lower() not in ("python", "ipython", "python3", "python2"):
        raise other_language(spoken)
    if OTHER_KERNELS.match(name) and not spoken:
        raise other_language(name)
    if name in ("sagemath", "sparkkernel", "pysparkkernel"):
        raise other_language(string(kernel.get("display_name")) or name)


def other_language(name: str) -> NotebookError:
    """What to say of a kernel that is not Python."""
    return NotebookError(
        f"the notebook's kernel is {name[:60]!r}, not Python",
        code="not-python",
        hint="only notebooks of a plain Python kernel can be converted",
    )


def cell(number: int, raw: Mapping[str, Any]) -> Cell:
    """One cell; what is malformed counts as absent."""
    metadata = mapping(raw.get("metadata"))
    kind: Literal["code", "markdown", "raw"] = "raw"
    if raw.get("cell_type") == "code":
        kind = "code"
    elif raw.get("cell_type") in ("markdown", "heading"):
        kind = "markdown"
    source = LINE_END.sub("\n", text_of(raw.get("source"))).encode("utf-8", "replace").decode()
    count = raw.get("execution_count")
    tags = metadata.get("tags")
    outputs = raw.get("outputs") if kind == "code" else None
    return Cell(
        number=number,
        kind=kind,
        source=source,
        execution_count=count if isinstance(count, int) else None,
        tags=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
        outputs=tuple(
            output(o) for o in (outputs if isinstance(outputs, list) else []) if isinstance(o, dict)
        ),
        executed_at=executed_at(metadata),
    )


def executed_at(metadata: Mapping[str, Any]) -> str:
    """When the cell was last run: JupyterLab's, or the ExecuteTime extension's record."""
    times = mapping(metadata.get("execution"))
    for key in ("iopub.execute_input", "iopub.status.busy", "shell.execute_reply"):
        if string(times.get(key)):
            return string(times[key])
    old = mapping(metadata.get("ExecuteTime"))
    return string(old.get("start_time")) or string(old.get("end_time"))


def output(raw: Mapping[str, Any]) -> Output:
    """One saved output."""
    kind = raw.get("output_type")
    if kind == "stream":
        return Output(
            kind="stream",
            stream="stderr" if raw.get("name") == "stderr" else "stdout",
            text=text_of(raw.get("text")),
        )
    if kind == "error":
        return Output(
            kind="error",
            text="\n".join(string(line) for line in raw.get("traceback") or []),
            error_name=string(raw.get("ename")),
            error_value=string(raw.get("evalue")),
        )
    return Output(
        kind="result" if kind == "execute_result" else "display",
        data=tuple(
            MimeData(mime=mime, text=mime_text(value))
            for mime, value in sorted(mapping(raw.get("data")).items())
        ),
    )


def mime_text(value: Any) -> str:
    """A representation as text; JSON kinds are stored as objects."""
    return text_of(value) if isinstance(value, str | list) else json.dumps(value, sort_keys=True)


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` when it is an object with names, else an empty one."""
    return value if isinstance(value, dict) else {}


def string(value: Any) -> str:
    """``value`` when it is text, else empty."""
    return value if isinstance(value, str) else ""


def text_of(value: Any) -> str:
    """Text that nbformat stores whole or as a list of lines."""
    if isinstance(value, list):
        return "".join(string(part) for part in value)
    return string(value)
