"""A suite's signed Release file, and the package index that it vouches for."""

from __future__ import annotations

import base64
import hashlib
import lzma
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.index import read_fields
from nb2image.build.embedded.http import Http
from nb2image.errors import BuildError
from nb2image.network import redact
from nb2image.process import Completed, Runner
from nb2image.resources import folder

MACHINE_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MAX_RELEASE = 4 * 1000 * 1000
MAX_INDEX = 400 * 1000 * 1000
PIECE = 1 << 20
HASHES = re.compile(r"^ ([0-9a-f]{64}) +(\d+) (\S+)$", re.MULTILINE)
CLEAR_SIGNED = re.compile(
    rb"-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash: [^\n]*\n)*\n(?P<text>.*)\n"
    rb"(?P<signature>-----BEGIN PGP SIGNATURE-----\n.*-----END PGP SIGNATURE-----)\s*",
    re.DOTALL,
)
"""RFC 9580, 7, with nothing before or behind it."""
VERIFY_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a verified Release file says."""

    suite: str
    mirror: str
    codename: str
    files: Mapping[str, tuple[str, int]]
    """(sha256, size) of each file below the suite."""
    label: str = ""
    """``Debian``, ``Debian-Security``."""
    snapshots: str = ""
    """The address of its snapshots, with ``@SNAPSHOTID@`` for the time; empty without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Checks the signature of an InRelease file against Debian's archive keys."""

    run: Runner
    keyring: Path | None = None
    """Binary or armoured; None for the machine's, or the one that nb2image brings."""

    def signed_text(self, data: bytes, what: str) -> str:
        """The signed part of a clear-signed file. Raises BuildError when no key vouches."""
        with tempfile.TemporaryDirectory(prefix="nb2image-") as work:
            keys = Path(work, "keys.gpg")
            keys.write_bytes(binary_keys(self._keys()))
            # apt's own dependency is gpgv up to bookworm, sqv from trixie on
            for verify in (self._gpgv, self._sqv):
                try:
                    text = verify(data, keys, Path(work))
                except FileNotFoundError:
                    continue
                except subprocess.TimeoutExpired as error:
                    raise unsigned(what, "the verification did not come to an end") from error
                if text is None:
                    raise unsigned(what, "its signature is not by a key of Debian's archive")
                return text.decode("utf-8", "replace")
        raise BuildError(
            "neither gpgv nor sqv is here to verify Debian's signature",
            code="gpgv-missing",
            hint="install one: sudo apt install gpgv (macOS: brew install gnupg)",
        )

    def _gpgv(self, data: bytes, keys: Path, work: Path) -> bytes | None:
        signed, plain = work / "signed", work / "plain"
        signed.write_bytes(data)
        argv = ["gpgv", "--status-fd", "1", "--keyring", str(keys), "--output", str(plain)]
        said = self._run([*argv, str(signed)], work).stdout
        # apt's rule: one good signature, and none that is bad. Keys that are not known are
        # of other releases.
        good = "[GNUPG:] VALIDSIG" in said and "[GNUPG:] BADSIG" not in said
        return plain.read_bytes() if good else None

    def _sqv(self, data: bytes, keys: Path, work: Path) -> bytes | None:
        parts = CLEAR_SIGNED.fullmatch(data)
        if parts is None:
            return None
        text, signature = work / "text", work / "signature"
        # RFC 9580, 7.1 and 7.2: dashes are escaped, spaces at the ends of lines not signed
        lines = (line.removeprefix(b"- ").rstrip() for line in parts["text"].split(b"\n"))
        text.write_bytes(b"\n".join(lines))
        signature.write_bytes(parts["signature"])
        done = self._run(["sqv", "--keyring", str(keys), str(signature), str(text)], work)
        return text.read_bytes() if done.status == 0 else None

    def _run(self, argv: list[str], work: Path) -> Completed:
        environ = {"PATH": "/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin", "HOME": str(work)}
        return self.run(argv, env=environ, timeout=VERIFY_SECONDS)

    def _keys(self) -> bytes:
        if self.keyring is not None:
            return self.keyring.read_bytes()
        if MACHINE_KEYRING.is_file():
            return MACHINE_KEYRING.read_bytes()
        return (folder("templates") / "debian-archive-keyring.asc").read_bytes()


def binary_keys(data: bytes) -> bytes:
    """A keyring without its armour (RFC 9580, 6)."""
    if not data.startswith(b"-----BEGIN"):
        return data
    body = data.partition(b"\n\n")[2].partition(b"-----END")[0]
    lines = [line for line in body.split() if not line.startswith(b"=")]
    return base64.b64decode(b"".join(lines))


def read_release(
    http: Http, verifier: Verifier, mirror: str, suite: str, *, dated: bool = False
) -> Release:
    """Fetch and verify a suite's Release. ``dated``: a snapshot may be long out of date.

    Raises BuildError when it is not signed by Debian, not of this suite, or has expired.
    """
    url = f"{mirror}/dists/{suite}/InRelease"
    text = verifier.signed_text(http.get(url, limit=MAX_RELEASE), redact(url))
    fields = read_fields(text)
    if suite not in (fields.get("Codename"), fields.get("Suite")):
        raise unsigned(redact(url), f"it is of the suite {fields.get('Codename', '?')[:50]}")
    until = fields.get("Valid-Until", "")
    if until and not dated and parsedate_to_datetime(until).timestamp() < time.time():
        raise BuildError(
            f"{redact(url)} has expired ({until}): the mirror is out of date",
            code="debian-expired",
            hint="choose another mirror with --mirror, or an old state on purpose with --snapshot",
        )
    files = {path: (sha, int(size)) for sha, size, path in HASHES.findall(text)}
    return Release(
        suite=suite,
        mirror=mirror,
        codename=fields.get("Codename", ""),
        files=files,
        label=fields.get("Label", ""),
        snapshots=fields.get("Snapshots", ""),
    )


def read_packages(http: Http, cache: BlobCache, release: Release, architecture: str) -> bytearray:
    """The text of a suite's package index. Raises BuildError."""
    name = f"main/binary-{architecture}/Packages"
    packed = release.files.get(f"{name}.xz")
    plain = release.files.get(name)
    if packed is None or plain is None or plain[1] > MAX_INDEX:
        raise BuildError(
            f"{release.suite} has no packages for {architecture}",
            code="debian-architecture",
            hint="choose another --platform",
        )
    digest, size = packed
    # by its hash: the mirror may be changing just now (Acquire-By-Hash)
    folder = f"{release.mirror}/dists/{release.suite}/main/binary-{architecture}"
    url = f"{folder}/by-hash/SHA256/{digest}"
    path = http.blob(url, cache, f"sha256:{digest}", size=size, what=f"{release.suite}'s packages")
    # left as bytes, and once: 50 MB, which as text with its accents would take four times as much
    data = bytearray()
    try:
        with lzma.open(path) as file:
            while len(data) <= plain[1] and (piece := file.read(PIECE)):
                data += piece
    except (lzma.LZMAError, EOFError) as error:
        raise BuildError(f"{release.suite}'s packages are broken", code="debian-index") from error
    if hashlib.sha256(data).hexdigest() != plain[0]:
        raise BuildError(
            f"{release.suite}'s package index is not the signed one", code="debian-index"
        )
    return data


def unsigned(what: str, why: str) -> BuildError:
    """The error for a Release that nobody vouches for."""
    return BuildError(
        f"{what} cannot be trusted: {why}",
        code="debian-signature",
        hint="choose another mirror with --mirror; a proxy may change files",
    )
