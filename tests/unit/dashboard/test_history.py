"""The history in the dashboard: its list, an entry's image, job and figures, the trends."""

from __future__ import annotations

from datetime import datetime

import pytest

from dashboard.history import entries as of
from dashboard.history import trend
from nb2image.jobs import Job, JobRequest
from nb2image.model.history import HistoryEntry, HistoryPicture

COLOUR = dict.fromkeys(("text", "quiet", "line", "accent", "good", "warn"), "#1a202c")
AT = "2026-01-02T03:04:05.000+00:00"
BEGAN = datetime.fromisoformat(AT).timestamp()


def entry(number: int = 1, **more: object) -> HistoryEntry:
    values = {
        "at": AT, "action": "convert", "ok": True, "seconds": 20.0, "notebook": "/w/a.ipynb",
        "reference": "a:1", "image_id": "sha256:1", "size": 5_000_000, "steps": 8,
        "cached_steps": 1, "build_seconds": 12.0,
    }  # fmt: skip
    return HistoryEntry(id=number, **(values | more))  # type: ignore[arg-type]


def test_list() -> None:
    """One row an entry; numbers stay numbers, to be sorted by."""
    found = of.columns([entry(2), entry(1, ok=False, error="x", notebook="", size=None, steps=0)])
    rows = list(zip(*found.values(), strict=True))
    assert rows[0] == (2, "2026-01-02 03:04:05", "convert", "a.ipynb", "ok", 5_000_000, 20.0, "1 of 8", "")  # fmt: skip  # noqa: E501
    assert rows[1][3:6] == ("a:1", "failed", None)
    assert rows[1][-1] == "x"


@pytest.mark.parametrize(
    ("given", "shown", "kind"),
    [
        (("convert", "--json", "a.ipynb"), ("convert", "a.ipynb"), "convert"),
        (("run", "x", "--", "--json"), ("run", "x", "--", "--json"), "run"),
        (("history",), ("history",), None),
        ((), (), None),
    ],
)
def test_command(given: tuple[str, ...], shown: tuple[str, ...], kind: str | None) -> None:
    """As a person would type it; only what a job can do is offered again."""
    assert of.command(entry(command=given)) == shown
    assert of.kind(entry(command=given)) == kind


@pytest.mark.parametrize(
    ("others", "more", "name"),
    [
        ([], {}, "a:1"),
        ([entry(2, image_id="sha256:2")], {}, "sha256:1"),
        ([entry(2, image_id="sha256:2", ok=False)], {}, "a:1"),
        ([], {"reference": ""}, ""),
        ([], {"builder": "embedded", "reference": "a-image.tar"}, ""),
        ([], {"builder": "embedded"}, "a:1"),
    ],
)
def test_image(others: list[HistoryEntry], more: dict[str, object], name: str) -> None:
    """Its name, its id when the name went to another image, nothing for one in a file."""
    one = entry(1, **more)
    assert of.image(one, [*others, one]) == name


def job(**more: object) -> Job:
    request = JobRequest(
        kind="convert", folder="/w", notebook="/w/a.ipynb", form={"python": "3.11"}
    )
    values = {"id": "x", "request": request, "created": BEGAN - 2, "started": BEGAN - 1, "ended": BEGAN + 30}  # fmt: skip  # noqa: E501
    return Job(**(values | more))  # type: ignore[arg-type]


def test_job_of_an_entry() -> None:
    """The one of its kind and notebook that was at work then."""
    assert of.job_of(entry(), [job()]) == job()
    earlier = job(created=BEGAN - 99, started=BEGAN - 98, ended=BEGAN - 60)
    other = job(request=JobRequest(kind="build", folder="/w", notebook="/w/a.ipynb"))
    assert of.job_of(entry(), [earlier, other]) is None


def test_pairs_of_figures() -> None:
    """By cell and number; a side that is missing stays empty, other names are no figures."""
    names = ("cell3-1-run.png", "cell3-1-notebook.png", "cell10-2-run.png", "x.png")
    found = of.pairs([HistoryPicture(name=name, data=name.encode()) for name in names])
    assert list(found) == [3, 10]
    assert found[3] == (
        of.Pair(number=1, notebook=b"cell3-1-notebook.png", run=b"cell3-1-run.png"),
    )
    assert found[10][0].notebook is None


def test_log_is_searched() -> None:
    """In any case of letters; the end counts when there is more."""
    assert of.matching("One\ntwo\nONE\none", "one", 2) == ("ONE\none", 3)
    assert of.matching("a\nb", "", 9) == ("a\nb", 2)


def test_trend() -> None:
    """Only builds that made an image, oldest first; the time is that of the build."""
    found = [
        entry(4, cached_steps=7, build_seconds=0.9),
        entry(3, cached_steps=4, build_seconds=None),
        entry(2, ok=False),
        entry(1),
    ]
    sizes = trend.sizes(found, COLOUR)["data"]["values"]
    assert [value["build"] for value in sizes] == [1, 3, 4]
    times = trend.times(found, COLOUR)["data"]["values"]
    assert [(v["seconds"], v["cache"]) for v in times] == [
        (12.0, "nothing cached"), (20.0, "partly cached"), (0.9, "all cached"),
    ]  # fmt: skip
    assert trend.in_words(found) == "3 builds, from 5.0 MB on 2026-01-02 to 5.0 MB on 2026-01-02"
    assert trend.times_in_words(found) == "3 builds of 0.9 to 20.0 s, the last 0.9 s"
    assert trend.in_words([]) == trend.times_in_words([]) == "no build"
