"""The program that imports everything in the image, run as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from nb2image.resources import folder

FILES = {
    "outer.py": "import inner\n",
    "inner.py": "try:\n    import gone.part\nexcept ImportError as e:\n"
    "    raise ImportError('please install inner[all]') from e\n",
    "plain.py": "raise ImportError('not on this machine')\n",
    "instead.py": "try:\n    import first\nexcept ImportError:\n    import second\n",
    "prints.py": 'print(\'word {"need": 0, "error": "X"}\')\nname = 1\n',
}


def test_failures_name_the_module_that_is_missing(tmp_path: Path) -> None:
    """Behind an ImportError that asks for an extra stands the module that is not there."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    for name, text in FILES.items():
        (packages / name).write_text(text)
    needs = [{"module": n.removesuffix(".py"), "names": []} for n in FILES]
    package = packages / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("from absent import display\n")
    needs += [{"module": "prints", "names": ["name", "lacks"]}]
    needs += [{"module": "package", "names": ["part", "lacks"]}]
    program = (folder("templates") / "check_imports.py").read_text()
    done = subprocess.run(
        [sys.executable, "-c", program, "secret ", json.dumps(needs)],
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [x.removeprefix("secret ") for x in done.stdout.splitlines() if x.startswith("secret ")]
    failures = [said for line in lines if (said := json.loads(line)).get("error")]
    assert [(f["need"], f["error"], f["missing"], f["importer"]) for f in failures] == [
        (0, "ModuleNotFoundError", "gone", "inner"),
        (1, "ModuleNotFoundError", "gone", "inner"),
        (2, "ImportError", None, "plain"),
        (3, "ModuleNotFoundError", "second", "instead"),
        (5, "ImportError", None, ""),
        (6, "ModuleNotFoundError", "absent", "package"),
        (6, "ImportError", None, ""),
    ]
    assert [f["name"] for f in failures[-3:]] == ["lacks", "part", "lacks"]
    assert all("lacks" in f["message"] for f in (failures[-3], failures[-1]))
