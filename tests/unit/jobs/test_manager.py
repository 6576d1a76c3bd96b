"""Jobs: started, queued, read, cancelled, lost and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.jobs import JobManager, JobRequest
from nb2image.jobs.child import command
from nb2image.jobs.job import Job, Process, is_id, new_id
from nb2image.jobs.store import Store, state_folder
from tests.fake_jobs import FakeLaunch, wait_for

REQUEST = JobRequest(kind="convert", arguments=("a.ipynb", "--trim"), folder="/")


@pytest.fixture
def launch() -> FakeLaunch:
    return FakeLaunch()


@pytest.fixture
def jobs(tmp_path: Path, launch: FakeLaunch) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "jobs", launch=launch, at_once=1, environ={})
    yield manager
    manager.close()


def test_a_job_runs_to_its_end(jobs: JobManager, launch: FakeLaunch) -> None:
    """Its events, its result and its state are there for whoever asks, also afterwards."""
    launch.result = b'{"context": "a-image"}'
    job = jobs.start(REQUEST)
    assert (job.state, launch.requests) == ("running", [REQUEST])
    child = launch.children[0]
    child.tell("stage-started", stage="read")
    child.tell("stage-finished", stage="read", seconds=0.5)
    child.end()
    done = wait_for(jobs, job.id, "done")
    assert (done.exit_code, done.finished, done.child) == (0, True, None)
    assert [stage.stage for stage in done.stages] == ["read"]
    assert [e.seq for e in jobs.events(job.id)] == [1, 2, 3]
    assert [e.seq for e in jobs.events(job.id, after=2)] == [3]
    assert jobs.events(job.id)[0].event["line"] == "nb2image convert a.ipynb --trim"
    assert jobs.result(job.id) == launch.result
    assert JobManager(jobs.store.root).jobs() == (done,)


def test_a_failed_job_keeps_its_error(jobs: JobManager, launch: FakeLaunch) -> None:
    """The exit status says that it failed, the error why."""
    job = jobs.start(REQUEST)
    launch.children[0].tell("error", code="no-space", message="full", exit_code=6)
    launch.children[0].end(6)
    failed = wait_for(jobs, job.id, "failed")
    assert failed.failure is not None
    assert (failed.exit_code, failed.failure.code) == (6, "no-space")


def test_only_so_many_run_at_once(jobs: JobManager, launch: FakeLaunch) -> None:
    """Others wait for their turn, in the order they came."""
    first, second, third = (jobs.start(REQUEST) for _ in range(3))
    assert [jobs.job(j.id).state for j in (first, second, third)] == ["running", "queued", "queued"]
    jobs.cancel(second.id)
    assert jobs.job(second.id).state == "cancelled"
    launch.children[0].end()
    wait_for(jobs, third.id, "running")
    assert len(launch.children) == 2


def test_a_cancelled_job_says_so(jobs: JobManager) -> None:
    """Cancelling interrupts the command, and that is no failure; twice is once."""
    job = jobs.start(REQUEST)
    jobs.cancel(job.id)
    cancelled = wait_for(jobs, job.id, "cancelled")
    assert (cancelled.exit_code, cancelled.failure) == (130, None)
    jobs.cancel(job.id)


def test_a_command_that_cannot_start_fails(tmp_path: Path) -> None:
    """The log says why; nothing stays queued."""

    def refuse(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/gone")

    jobs = JobManager(tmp_path, launch=refuse)  # type: ignore[arg-type]
    job = jobs.start(REQUEST)
    assert job.state == "failed"
    assert "cannot start" in jobs.events(job.id)[1].event["line"]


def test_closing_cancels_what_runs_and_waits(jobs: JobManager) -> None:
    """A server that stops leaves nothing behind."""
    both = [jobs.start(REQUEST), jobs.start(REQUEST)]
    jobs.close()
    assert [jobs.job(job.id).state for job in both] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_jobs_of_a_dead_server_are_lost(state: str, tmp_path: Path) -> None:
    """Never running for ever: the next server says so."""
    dead = Process(pid=2**22 + 7, started="long ago")
    job = Job(id=new_id(0.0), request=REQUEST, state=state, created=1.0, owner=dead)  # type: ignore[arg-type]
    Store(tmp_path).save(job)
    jobs = JobManager(tmp_path)
    assert [lost.id for lost in jobs.recover()] == [job.id]
    assert jobs.job(job.id).state == "lost"
    assert jobs.recover() == ()


def test_jobs_of_another_living_server_are_left_alone(jobs: JobManager) -> None:
    """Two servers of one user see each other's jobs and do not touch them."""
    job = jobs.start(REQUEST)
    other = JobManager(jobs.store.root)
    assert other.recover() == ()
    other.cancel(job.id)
    assert (other.job(job.id).state, jobs.job(job.id).state) == ("running", "running")


@pytest.mark.parametrize("name", ["", "..", "../../etc", "20261120-134523-ABCDEF01", "x" * 24])
def test_what_is_no_id_never_becomes_a_path(name: str, jobs: JobManager) -> None:
    """Ids come from addresses."""
    for ask in (jobs.job, jobs.events, jobs.result, jobs.steps, jobs.cancel):
        with pytest.raises(KeyError):
            ask(name)


def test_ids_differ_and_sort_by_time() -> None:
    """Two of one second differ."""
    assert is_id(new_id(0.0))
    assert new_id(0.0) != new_id(0.0)
    assert new_id(0.0) < new_id(1e9)


def test_old_jobs_are_forgotten(tmp_path: Path) -> None:
    """The oldest finished ones go first, by number and by size; what runs stays."""
    store = Store(tmp_path)
    made = [Job(id=new_id(at), request=REQUEST, state="done", created=at) for at in (1.0, 2.0, 3.0)]
    running = Job(id=new_id(0.0), request=REQUEST, state="running", created=0.0)
    for job in (*made, running):
        store.save(job)
    store.prune(keep=2)
    assert [job.id for job in store.all()] == [made[2].id, made[1].id, running.id]
    store.log(made[2].id).write_bytes(b"x" * 5000)
    store.prune(keep_bytes=4000)
    assert [job.id for job in store.all()] == [running.id]


def test_a_damaged_record_is_passed_over(tmp_path: Path) -> None:
    """A file that was cut short hides its job, not the others."""
    store = Store(tmp_path)
    good = Job(id=new_id(1.0), request=REQUEST, created=1.0)
    bad = replace(good, id=new_id(2.0))
    store.save(good)
    store.save(bad)
    (store.folder(bad.id) / "job.json").write_text('{"id":')
    assert store.all() == (good,)


def test_the_command_is_this_nb2image() -> None:
    """Not one that lies in the folder that it runs in: nothing is imported from there."""
    argv = command(REQUEST)
    assert argv[1] == "-P"
    assert argv[-4:] == ("convert", "--json", "a.ipynb", "--trim")


def test_the_state_folder_can_be_named() -> None:
    """NB2IMAGE_STATE leads elsewhere."""
    assert state_folder({"NB2IMAGE_STATE": "/x"}) == Path("/x/dashboard")
