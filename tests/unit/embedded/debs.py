"""Small Debian packages, and a signed archive that serves them, for the tests."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.archive import DebianArchive
from nb2image.build.embedded.debian.release import Verifier
from nb2image.build.embedded.http import Http
from nb2image.network import NetworkConfig
from nb2image.process import Completed

Entry = tuple[str, bytes, bytes, str]
"""Name, kind, data, link."""


def deb(
    members: Sequence[Entry],
    control: bytes = b"Package: a\n",
    postinst: bytes = b"",
    conffiles: bytes = b"",
) -> bytes:
    """A package of entries."""

    def tar(entries: Sequence[Entry]) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:xz") as archive:
            for name, kind, data, link in entries:
                info = tarfile.TarInfo(name)
                info.type, info.size, info.linkname = kind, len(data), link
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()

    controls: list[Entry] = [("./control", tarfile.REGTYPE, control, "")]
    for name, data in (("postinst", postinst), ("conffiles", conffiles)):
        controls += [(f"./{name}", tarfile.REGTYPE, data, "")] if data else []
    made = b"!<arch>\n"
    for name, data in (
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", tar(controls)),
        ("data.tar.xz", tar(members)),
    ):
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data
        made += b"\n" * (len(data) % 2)
    return made


class Gpgv:
    """gpgv that says what it is told to say."""

    def __init__(self, said: str, text: str) -> None:
        self.said = said
        self.text = text

    def __call__(self, argv: object, **_: object) -> Completed:
        words = list(argv)  # type: ignore[call-overload]
        Path(words[words.index("--output") + 1]).write_text(self.text)
        return Completed(status=2, stdout=self.said, stderr="")


def served(cache: BlobCache, packages: Mapping[str, tuple[bytes, str]]) -> DebianArchive:
    """An archive of bookworm with packages: each name's file and further fields of its stanza."""
    files: dict[str, bytes] = {}
    stanzas = []
    for name, (data, fields) in packages.items():
        path = f"pool/{name}.deb"
        files[f"/debian/{path}"] = data
        stanzas.append(
            f"Package: {name}\nArchitecture: amd64\n{fields}Filename: {path}\n"
            f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
    index = "\n".join(stanzas).encode()
    packed = lzma.compress(index)
    listed = [(packed, "main/binary-amd64/Packages.xz"), (index, "main/binary-amd64/Packages")]
    text = "Codename: bookworm\nSuite: bookworm\nSHA256:\n" + "".join(
        f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}\n" for data, path in listed
    )

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "-updates" in path:
            return httpx.Response(404)
        data = files.get(path, packed if "by-hash" in path else b"signed")
        return httpx.Response(200, stream=httpx.ByteStream(data))

    return DebianArchive(
        http=Http(NetworkConfig(), transport=httpx.MockTransport(answer)),
        cache=cache,
        verifier=Verifier(run=Gpgv("[GNUPG:] VALIDSIG 2\n", text)),
        mirrors=("http://m.test/debian", ""),
    )
