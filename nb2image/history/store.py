"""The history of plans, builds, runs and verifications: one SQLite file for all processes.

Every operation opens the file, does its work in one transaction and closes it: several
processes may do so at once (write-ahead log, and waiting for each other). The history is a
convenience: when it cannot be written, a command says so and goes on.
"""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import platformdirs

from nb2image.errors import HistoryError, OptionError
from nb2image.model.history import HistoryDetail, HistoryEntry, HistoryPicture

BUSY_SECONDS = 20.0
"""How long a writer waits for others; a transaction takes milliseconds."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        action TEXT NOT NULL,
        notebook TEXT NOT NULL,
        ok INTEGER NOT NULL,
        error TEXT NOT NULL,
        message TEXT NOT NULL,
        seconds REAL NOT NULL,
        plan_digest TEXT NOT NULL,
        base TEXT NOT NULL,
        base_size INTEGER,
        reference TEXT NOT NULL,
        image_id TEXT NOT NULL,
        size INTEGER,
        steps INTEGER NOT NULL,
        cached_steps INTEGER NOT NULL,
        forecast INTEGER
    );
    CREATE TABLE detail (
        id INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
        report BLOB NOT NULL,
        log BLOB NOT NULL
    );
    CREATE INDEX entry_notebook ON entry (notebook, id);
    CREATE INDEX entry_image ON entry (image_id);
    """,
    """
    ALTER TABLE entry ADD COLUMN builder TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE entry ADD COLUMN context TEXT NOT NULL DEFAULT '';
    ALTER TABLE entry ADD COLUMN command TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE entry ADD COLUMN cwd TEXT NOT NULL DEFAULT '';
    CREATE TABLE picture (
        id INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (id, name)
    );
    """,
    """
    ALTER TABLE entry ADD COLUMN build_seconds REAL;
    """,
)
"""Each brings the file from one version (``user_version``) to the next; never change one."""

COLUMNS = tuple(field.name for field in fields(HistoryEntry))
SEARCHED = ("notebook", "reference", "base", "error", "message")


def place(environ: Mapping[str, str]) -> Path | None:
    """The user's history file; ``NB2IMAGE_HISTORY`` names another, or ``off`` for none."""
    named = environ.get("NB2IMAGE_HISTORY")
    if named == "off":
        return None
    return Path(named) if named else Path(platformdirs.user_state_dir("nb2image")) / "history.db"


@dataclass(frozen=True, slots=True)
class History:
    """The history in one file, which is made when first written to."""

    path: Path

    def add(
        self,
        entry: HistoryEntry,
        *,
        report: str = "",
        log: str = "",
        pictures: Sequence[HistoryPicture] = (),
    ) -> int:
        """Keep an entry and give it its id. Raises HistoryError."""
        values = [column_value(getattr(entry, name)) for name in COLUMNS[1:]]
        marks = ", ".join("?" * len(values))

        def insert(database: sqlite3.Connection) -> int:
            cursor = database.execute(
                f"INSERT INTO entry ({', '.join(COLUMNS[1:])}) VALUES ({marks})", values
            )
            database.execute(
                "INSERT INTO detail (id, report, log) VALUES (?, ?, ?)",
                (cursor.lastrowid, pack(report), pack(log)),
            )
            database.executemany(
                "INSERT INTO picture (id, name, data) VALUES (?, ?, ?)",
                [(cursor.lastrowid, picture.name, picture.data) for picture in pictures],
            )
            return int(cursor.lastrowid or 0)

        return int(self._do(insert))

    def entries(
        self,
        *,
        notebook: str = "",
        actions: Sequence[str] = (),
        ok: bool | None = None,
        find: str = "",
        limit: int | None = None,
    ) -> tuple[HistoryEntry, ...]:
        """The entries, newest first, that are all of what is asked for.

        ``notebook`` is one's whole name; ``find`` is a part, in any case of letters, of the
        notebook's or image's name, the base, the error or its message. Raises HistoryError.
        """
        conditions = [
            "(:notebook = '' OR notebook = :notebook)",
            "(:ok IS NULL OR ok = :ok)",
            "(:find = '' OR "
            + " OR ".join(f"instr(lower({column}), lower(:find))" for column in SEARCHED)
            + ")",
        ]
        if actions:
            marks = ", ".join(f":action{number}" for number in range(len(actions)))
            conditions.append(f"action IN ({marks})")
        query = (
            f"SELECT * FROM entry WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit"
        )
        values = {
            "notebook": notebook,
            "ok": ok,
            "find": find,
            "limit": -1 if limit is None else limit,
            **{f"action{number}": action for number, action in enumerate(actions)},
        }
        rows = self._read(query, values)
        return tuple(entry_of(row) for row in rows)

    def detail(self, number: int) -> HistoryDetail:
        """One entry with its report and log.

        Raises OptionError when there is none of that number, HistoryError.
        """
        rows = self._read(
            "SELECT * FROM entry LEFT JOIN detail USING (id) WHERE id = :id", {"id": number}
        )
        if not rows:
            raise OptionError(
                f"the history has no entry {number}",
                code="history-missing",
                hint="see the entries: nb2image history",
            )
        row = rows[0]
        pictures = self._read(
            "SELECT name, data FROM picture WHERE id = :id ORDER BY rowid", {"id": number}
        )
        return HistoryDetail(
            entry=entry_of(row),
            report=unpack(row["report"]),
            log=unpack(row["log"]),
            pictures=tuple(HistoryPicture(name=p["name"], data=p["data"]) for p in pictures),
        )

    def prune(self, *, keep: int | None = None, before: str = "") -> int:
        """Forget all but the newest ``keep`` entries, and those begun before an ISO time.

        Gives the number that went, and their space back to the disk.
        Raises HistoryError.
        """
        if not self.path.exists():
            return 0

        def delete(database: sqlite3.Connection) -> int:
            gone = database.execute(
                "DELETE FROM entry WHERE at < :before OR (:keep IS NOT NULL AND id NOT IN "
                "(SELECT id FROM entry ORDER BY id DESC LIMIT :keep))",
                {"before": before, "keep": keep},
            ).rowcount
            return int(gone)

        gone = int(self._do(delete))
        if gone:
            with contextlib.suppress(HistoryError):
                self._do(lambda database: database.execute("VACUUM"), transaction=False)
        return gone

    def _read(self, query: str, values: Mapping[str, Any]) -> Sequence[sqlite3.Row]:
        if not self.path.exists():
            return ()
        rows: Sequence[sqlite3.Row] = self._do(
            lambda database: database.execute(query, values).fetchall()
        )
        return rows

    def _do(self, work: Any, *, transaction: bool = True) -> Any:
        """Run ``work`` on an open database; a damaged file is set aside and begun anew."""
        deadline = time.monotonic() + BUSY_SECONDS
        damaged = False
        while True:
            try:
                return perform(self.path, work, transaction=transaction)
            except sqlite3.OperationalError as error:
                # making the log, and removing it with the last connection, do not wait by
                # themselves for another process
                if not is_busy(error) or time.monotonic() > deadline:
                    raise unusable(self.path, str(error)) from error
                time.sleep(random.uniform(0.005, 0.05))
            except sqlite3.DatabaseError as error:
                if damaged:
                    raise unusable(self.path, str(error)) from error
                damaged = True
                set_aside(self.path)
            except OSError as error:
                raise unusable(self.path, error.strerror or str(error)) from error


def perform(path: Path, work: Any, *, transaction: bool) -> Any:
    """Run ``work`` once, in a transaction on a file of this release's form or without one."""
    with opened(path) as database:
        if not transaction:
            return work(database)
        database.execute("BEGIN IMMEDIATE")
        migrate(database)
        result = work(database)
        database.execute("COMMIT")
        return result


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether another process is at work on the file."""
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the file, made for the user alone where it does not exist."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    with contextlib.closing(
        sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    ) as database:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # safe with the log; no wait for the disk
        database.execute("PRAGMA foreign_keys = ON")
        yield database


def migrate(database: sqlite3.Connection) -> None:
    """Bring the file to this release's version, inside the caller's transaction.

    Raises HistoryError when a newer release has written it.
    """
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise HistoryError(
            f"the history was written by a newer nb2image (version {version} of its form)",
            code="history-newer",
            hint="update nb2image, or name another file in NB2IMAGE_HISTORY",
        )
    for number in range(version, len(MIGRATIONS)):
        for statement in MIGRATIONS[number].split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {number + 1}")


def unusable(path: Path, why: str) -> HistoryError:
    """The error for a file that cannot be read or written now."""
    return HistoryError(
        f"the history {path} cannot be used: {why}",
        code="history-unusable",
        hint="name a file that can be written in NB2IMAGE_HISTORY, or use --no-history",
    )


def set_aside(path: Path) -> None:
    """Move a damaged file out of the way, under a name that says when; nothing is deleted."""
    name = f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9}"
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        path.rename(path.with_name(name))
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        with contextlib.suppress(FileNotFoundError):
            companion.rename(path.with_name(name + suffix))


def entry_of(row: sqlite3.Row) -> HistoryEntry:
    """A row as a record."""
    values = {name: row[name] for name in COLUMNS}
    command = tuple(json.loads(row["command"]))
    return HistoryEntry(**(values | {"ok": bool(row["ok"]), "command": command}))


def column_value(value: Any) -> Any:
    """A field as SQLite keeps it: a command's arguments as JSON."""
    return json.dumps(value) if isinstance(value, tuple) else value


def pack(text: str) -> bytes:
    """A text, compressed."""
    return zlib.compress(text.encode("utf-8", "replace"))


def unpack(data: bytes | None) -> str:
    """What ``pack`` made; what cannot be read counts as empty."""
    try:
        return zlib.decompress(data or pack("")).decode("utf-8", "replace")
    except zlib.error:
        return ""


def now() -> str:
    """The time as the history writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def days_ago(days: int) -> str:
    """The time so many days ago, as the history writes it."""
    try:
        return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    except OverflowError:
        return ""
