"""What a user writes for a run is read or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.errors import OptionError
from nb2image.model import OutputFile, RunReport
from nb2image.run import options
from nb2image.run.record import write_record
from nb2image.run.request import Port


def test_mounts_are_read_only_unless_they_say_otherwise(tmp_path: Path) -> None:
    """HOST:PATH is read-only, HOST:PATH:rw is not; the host's path is made absolute."""
    plain = options.bind(f"{tmp_path}:/app/data")
    assert (plain.source, plain.target, plain.writable) == (tmp_path, "/app/data", False)
    assert options.bind(f"{tmp_path}:/app/data:rw").writable


@pytest.mark.parametrize("text", ["x", ":/a", "/missing-here:/a", "/:a", "/:/a/../b", "/:/a\nb"])
def test_mounts_that_mean_nothing_are_refused(text: str) -> None:
    """A mount needs an existing path here and an absolute one there."""
    with pytest.raises(OptionError):
        options.bind(text)


def test_variables_come_from_options_files_and_here(tmp_path: Path) -> None:
    """An option wins over a file; a name alone takes the value from here, or is left out."""
    file = tmp_path / "env"
    file.write_text("# comment\nA=1\nB=two words\n\nHOME\n")
    found = options.variables(["A=3", "ABSENT"], [file], {"HOME": "/h"})
    assert dict(found) == {"A": "3", "B": "two words", "HOME": "/h"}


@pytest.mark.parametrize("text", ["=x", "a b=1", "1A=2"])
def test_variables_without_a_name_are_refused(text: str) -> None:
    """A variable needs a name."""
    with pytest.raises(OptionError):
        options.variables([text], [], {})


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (options.network, ["", "none", "bridge", "my_net"], ["host", "a b", "container:x", "-x"]),
        (options.container_name, ["", "run-1"], ["a/b", "-x", "ä"]),
        (options.gpus, ["", "all", "2", "GPU-1a,GPU-2b"], ["all;rm", "1 2"]),
    ],
)
def test_names_are_checked(read: object, good: list[str], bad: list[str]) -> None:
    """Networks, containers and GPUs are named; the host's own network is refused."""
    assert callable(read)
    assert [read(text) for text in good] == good
    for text in bad:
        with pytest.raises(OptionError):
            read(text)


def test_ports_are_this_machines_alone_unless_they_say_otherwise() -> None:
    """[ADDRESS:]HOST:CONTAINER; without an address only this machine reaches the port."""
    assert options.port("8080:8888") == Port(address="127.0.0.1", host=8080, container=8888)
    assert options.port("0.0.0.0:80:8888").address == "0.0.0.0"


@pytest.mark.parametrize("text", ["", "8888", "0:8888", "1:70000", "a:1", "x:1:2", "1:2:3:4"])
def test_ports_that_mean_nothing_are_refused(text: str) -> None:
    """A port is a number from 1 to 65535."""
    with pytest.raises(OptionError):
        options.port(text)


def test_the_record_does_not_replace_the_scripts_own_file(tmp_path: Path) -> None:
    """run.json is ours unless the script wrote one."""
    report = RunReport(image="x", exit_status=0, seconds=1.0)
    assert write_record(tmp_path, report).name == "run.json"
    file = OutputFile(path="run.json", size=1, sha256="")
    other = RunReport(image="x", exit_status=0, seconds=1.0, outputs=(file,))
    assert write_record(tmp_path, other).name == "run.nb2image.json"
