"""What is added to a request that uv refuses: stand-ins, stated metadata, later days."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from nb2image.requirements.index.listing import IndexFile
from nb2image.requirements.target import Target
from nb2image.requirements.versions.fresh import lower_bounds, resolve_newest
from nb2image.requirements.versions.mend import limited, resolve_mended
from nb2image.requirements.versions.resolver import Refusal, Resolution, ResolveRequest
from nb2image.requirements.versions.stub import (
    repaired,
    sha256_of,
    stubs_of,
    with_sdists,
    write_stub,
)
from tests.unit.requirements.builders import wanted
from tests.unit.requirements.fake_index import FakeIndex

TARGET = Target(python="3.11")
FOUND = Resolution(packages=(), pylock="")
REQUEST = ResolveRequest(
    requirements=("app",), python="3.11", platform="x86_64-manylinux_2_36", as_of="2021-01-01"
)


def no_wheel(name: str, bounds: str = "") -> Refusal:
    return Refusal(
        message=f"cause: Because {name}{bounds} has no usable wheels\n\n"
        f"hint: Wheels are required for `{name}` because building from source is disabled"
    )


def asked_again(index: FakeIndex, refusal: Refusal) -> ResolveRequest | None:
    """The request after one mending; None when there was nothing to mend."""
    requests: list[ResolveRequest] = []

    def resolve(request: ResolveRequest) -> Resolution | Refusal:
        requests.append(request)
        return refusal if len(requests) == 1 else FOUND

    resolve_mended(REQUEST, resolve, index)
    return requests[1] if len(requests) > 1 else None


def test_a_pure_sdist_gets_a_stand_in_of_its_time() -> None:
    """The newest of the day, with its requirements; a later one is not offered."""
    index = FakeIndex()
    index.add("lib", "2.0", ("lib.py",), sdist=True, uploaded="2020-06-01", requires=("six",))
    index.add("lib", "3.0", ("lib.py",), sdist=True, uploaded="2022-01-01")
    request = asked_again(index, no_wheel("lib"))
    assert request is not None
    (stub,) = request.stubs
    assert (stub.version, stub.requires, stub.compiled) == ("2.0", ("six",), False)


def test_stand_ins_have_an_end() -> None:
    """Each is a download: a refusal that asks for ever older ones gets nine of them."""
    index = FakeIndex()
    for number in range(30):
        index.add("lib", f"{number}.0", ("lib.py",), sdist=True, uploaded="2020-06-01")
    asked: list[ResolveRequest] = []
    told: list[str] = []

    def resolve(request: ResolveRequest) -> Resolution | Refusal:
        asked.append(request)
        oldest = min((float(stub.version) for stub in request.stubs), default=30)
        return no_wheel("lib", f"<{oldest}")

    assert isinstance(resolve_mended(REQUEST, resolve, index, told.append), Refusal)
    assert [len(request.stubs) for request in asked] == [0, 1, 5, 9]
    assert told[0] == "no wheel: reading what lib asks for in its source"


def test_questions_have_an_end() -> None:
    """After so many refusals the last one answers every question."""
    asked: list[ResolveRequest] = []

    def resolve(request: ResolveRequest) -> Resolution | Refusal:
        asked.append(request)
        return FOUND if len(asked) == 1 else Refusal(message=str(len(asked)))

    ask = limited(resolve, 2)
    answers = [ask(REQUEST) for _ in range(5)]
    assert answers == [FOUND, Refusal(message="2"), *[Refusal(message="3")] * 3]


def test_a_stand_in_keeps_to_the_bounds_of_the_refusal() -> None:
    """Where another package asks for an old release, that one is offered, not the newest."""
    index = FakeIndex()
    for version in ("1.0", "2.0", "3.0"):
        index.add("lib", version, ("lib.py",), sdist=True, uploaded="2020-06-01")
    request = asked_again(index, no_wheel("lib", "==1.0"))
    assert request is not None
    assert [stub.version for stub in request.stubs] == ["1.0"]


@pytest.mark.parametrize(
    ("members", "wheel_later", "mended"),
    [
        (("lib.py",), True, True),
        (("lib.pyx",), True, False),
        (("lib.pyx",), False, True),
        (("tests/helper.c", "lib.py"), True, True),
    ],
)
def test_what_needs_a_compiler_is_built_only_when_it_never_has_a_wheel(
    members: tuple[str, ...], wheel_later: bool, mended: bool
) -> None:
    """Another date costs less than a compiler; tests in C are no reason for one."""
    index = FakeIndex().add("lib", "1.0", members, sdist=True)
    if wheel_later:
        index.add("lib", "2.0", uploaded="2023-01-01", tag="cp311-cp311-manylinux_2_17_x86_64")
    assert (asked_again(index, no_wheel("lib")) is not None) == mended


def test_unreadable_metadata_is_stated_anew() -> None:
    """Each release that uv cannot read is told what it requires."""
    index = FakeIndex()
    index.add("old", "1.0", requires=("pytz (>=2011k)", "numpy (>=1.7)"), uploaded="2019-01-01")
    refusal = Refusal(message="error: x\n\nhint: Metadata for `old` (v1.0) could not be parsed:")
    request = asked_again(index, refusal)
    assert request is not None
    assert [(m.version, m.requires) for m in request.metadata] == [("1.0", ("pytz", "numpy>=1.7"))]


def test_a_package_that_came_later_is_taken_as_it_first_was() -> None:
    """It was elsewhere before, on conda: the date is lifted for it alone."""
    index = FakeIndex().add("young", "7.0", uploaded="2023-02-01")
    index.add("young", "8.0", uploaded="2024-02-01")
    refusal = Refusal(message="error: x\n\nhint: `young` was filtered by `exclude-newer` to only")
    request = asked_again(index, refusal)
    assert request is not None
    assert request.later == (("young", "2023-02-01"),)


def test_a_package_that_was_there_is_not_put_back_to_its_first_day() -> None:
    """Another asks for a younger release of it: its own beginning is no help."""
    index = FakeIndex().add("old", "1.0", uploaded="2017-02-01")
    index.add("old", "8.0", uploaded="2024-02-01")
    refusal = Refusal(message="error: x\n\nhint: `old` was filtered by `exclude-newer` to only")
    assert asked_again(index, refusal) is None


def test_a_conflict_cannot_be_mended() -> None:
    """The refusal is handed on."""
    conflict = Refusal(message="cause: Because a depends on b<2 and you require b==2")
    assert asked_again(FakeIndex(), conflict) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pytz (>=2011k)", "pytz"),
        ("numpy (>=1.7)", "numpy>=1.7"),
        ("numpy>=1.7,<=2dev-r4", "numpy>=1.7"),
        ("enum34; python_version < '3'", 'enum34; python_version < "3"'),
        ("x; nonsense == 3", ""),
        ("lib[fast] (>=1)", "lib[fast]>=1"),
        ("???", ""),
    ],
)
def test_requirements_are_repaired(text: str, expected: str) -> None:
    """Bounds that nobody can read are dropped; a marker that cannot be told drops the line."""
    assert repaired(text) == expected


def test_a_stand_in_becomes_its_sdist_in_the_lock(tmp_path: Path) -> None:
    """The lock has the sdist's address and hash, and nothing of this host."""
    index = FakeIndex().add("my-lib", "1.0", ("lib.py",), sdist=True, requires=("six",))
    (stub,) = stubs_of("my-lib", index, TARGET)
    path = write_stub(stub, tmp_path)
    assert path.read_bytes() == write_stub(stub, tmp_path).read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert "Requires-Dist: six" in archive.read("my_lib-1.0.dist-info/METADATA").decode()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    entry = f'wheels = [{{ url = "file://{path}", hashes = {{ sha256 = "{digest}" }} }}]\n'
    made = with_sdists(f"[[packages]]\n{entry}", (stub,), tmp_path)
    assert made == (
        f'[[packages]]\nsdist = {{ url = "https://files.test/my_lib-1.0.tar.gz", '
        f'hashes = {{ sha256 = "{stub.sdist.sha256}" }} }}\n'
    )


def test_an_sdist_in_a_folder_tells_its_own_hash(tmp_path: Path) -> None:
    """A page on this host, or a folder of files, says none."""
    path = tmp_path / "tool-1.0.tar.gz"
    path.write_bytes(b"bytes")
    digest = hashlib.sha256(b"bytes").hexdigest()
    assert sha256_of(IndexFile(name=path.name, url=path.as_uri())) == digest
    assert sha256_of(IndexFile(name=path.name, url=path.as_uri(), sha256="ab")) == "ab"
    assert sha256_of(IndexFile(name=path.name, url="https://files.test/tool-1.0.tar.gz")) == ""


def test_lower_bounds_are_the_newest_then_two_years_older() -> None:
    """An sdist newer than every wheel comes first; pins have no bound, the young no last one."""
    index = FakeIndex()
    index.add("lib", "1.0", uploaded="2018-01-01").add("lib", "2.0", uploaded="2020-01-01")
    index.add("lib", "3.0", uploaded="2020-12-01", sdist=True)
    index.add("other", "5.0", uploaded="2020-01-01")
    index.add("young", "1.0", uploaded="2020-06-01")
    index.add("built", "0.1", uploaded="2012-01-01")
    index.add("built", "2.0", tag="cp27-cp27m-win32", uploaded="2018-01-01", sdist=True)
    index.add("built", "3.0", tag="cp27-cp27m-win32", uploaded="2020-12-01", sdist=True)
    needs = (wanted("lib"), wanted("other", "==5.0"), wanted("young"), wanted("built"))
    bounds = lower_bounds(needs, index, TARGET, "2021-01-01")
    assert bounds == {"lib": ("3.0", "2.0", "1.0"), "young": ("1.0", "0"), "built": ("3.0", "2.0")}


def test_bounds_are_let_go_where_the_refusal_points() -> None:
    """Only the named one steps back; what holds is kept."""
    tried: list[tuple[str, ...]] = []

    def resolve(request: ResolveRequest) -> Resolution | Refusal:
        tried.append(request.constraints)
        if "b>=2" in request.constraints:
            return Refusal(message="cause: Because b>=2 depends on c>=3 and you require c<3")
        return FOUND

    found = resolve_newest(REQUEST, {"a": ("9",), "b": ("2", "1")}, resolve, floor=False)
    assert found == FOUND
    assert tried == [("a>=9", "b>=2"), ("a>=9", "b>=1")]


WHEELS_REQUIRED = "Wheels are required for `b` because building from source is disabled"
NO_WHEEL = "c==1.0 has no wheels with a matching Python ABI tag and flow and b depend on c"
CONFLICT = "all versions of flow and b depend on c<3 and you require c>=3"


@pytest.mark.parametrize(
    ("floor", "cause", "last"),
    [(True, NO_WHEEL, ("b>=1", "flow>=8")), (False, NO_WHEEL, ()), (True, CONFLICT, ())],
    ids=["floor", "none", "conflict"],
)
def test_the_last_bounds_stay_while_another_day_may_have_wheels(
    floor: bool, cause: str, last: tuple[str]
) -> None:
    """Releases of long ago are offered without a floor, and where wheels are not the trouble."""
    tried: list[tuple[str, ...]] = []

    def resolve(request: ResolveRequest) -> Resolution | Refusal:
        tried.append(request.constraints)
        return FOUND if not request.constraints else Refusal(message=f"cause: Because {cause}")

    bounds = {"flow": ("9", "8"), "b": ("2", "1")}
    found = resolve_newest(REQUEST, bounds, resolve, floor=floor)
    assert tried[-1] == last
    assert (found == FOUND) is (last == ())


@pytest.mark.parametrize("cause", ["b>=1 has no usable wheels", "c<3 and c>=3 are wanted"])
def test_bounds_without_a_part_in_the_refusal_stay(cause: str) -> None:
    """Where a requirement itself has no wheel, others step back in vain: it is asked once."""
    tried: list[tuple[str, ...]] = []

    def resolve(request: ResolveRequest) -> Resolution | Refusal:
        tried.append(request.constraints)
        return Refusal(message=f"cause: Because {cause}\nhint: {WHEELS_REQUIRED}")

    bounds = {"flow": ("9", "8"), "b": ("1",)}
    assert isinstance(resolve_newest(REQUEST, bounds, resolve, floor=True), Refusal)
    assert tried == [("b>=1", "flow>=9")]


def test_of_two_the_one_that_is_depended_on_steps_back() -> None:
    """numpy's newest is worth less than a release of what needs an older one."""
    tried: list[tuple[str, ...]] = []

    def resolve(request: ResolveRequest) -> Resolution | Refusal:
        tried.append(request.constraints)
        if "numpy>=2" in request.constraints:
            return Refusal(message="cause: Because all versions of flow depend on numpy<2")
        return FOUND

    bounds = {"flow": ("5", "0"), "numpy": ("2", "1", "0")}
    assert resolve_newest(REQUEST, bounds, resolve, floor=True) == FOUND
    assert tried == [("flow>=5", "numpy>=2"), ("flow>=5", "numpy>=1")]
