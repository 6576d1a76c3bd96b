"""Tables that programs read and maintainer scripts make, made from the image's files. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from nb2image.build.embedded.debian.deb import Unpacked
from nb2image.build.embedded.debian.made import BUNDLE, plain
from nb2image.build.embedded.debian.scripts import Unknown
from nb2image.build.embedded.debian.view import View

Data = Callable[[str], bytes]
"""Reads a file of the image."""
KEYSTORE = "etc/ssl/certs/java/cacerts"
PASSWORD = "changeit"
"""Java's own for its trusted certificates; it hides nothing."""
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
PIXBUF = "usr/lib/*/gdk-pixbuf-2.0/2.10.0/loaders/*.so"
GRAPHVIZ = "usr/lib/*/graphviz/libgvplugin_*.so.6"
TRIGGERS = {"pixbuf": "/gdk-pixbuf-2.0/2.10.0/loaders/", "graphviz": "/graphviz/libgvplugin_"}
"""What is in the paths of what a table lists: whoever brings such a file has it made anew."""
GHOSTSCRIPT = {"cidfmap": "etc/ghostscript/cidfmap.d", "Fontmap": "etc/ghostscript/fontmap.d"}


def made(name: str, view: View, data: Data) -> Iterator[Unpacked]:
    """The files of a table. Raises Unknown for what it cannot hold."""
    match name:
        case "jks-keystore":
            yield plain(KEYSTORE, keystore(data(BUNDLE)))
        case "gsfontmap":
            for name, folder in GHOSTSCRIPT.items():
                parts = [data(path) for path in view.paths(f"{folder}/*.conf")]
                yield plain(f"var/lib/ghostscript/fonts/{name}", b"".join(parts))
        case "graphviz":
            found = view.paths(GRAPHVIZ)
            listed = [entry("graphviz", path) for path in found]
            yield from table(found, "config6a", "".join(f"{text}\n" for text in listed))
        case "pixbuf":
            found = view.paths(PIXBUF)
            listed = [f'"/{path}"\n' + rest(entry("gdk-pixbuf", path)) for path in found]
            yield from table(found, "../loaders.cache", "\n\n".join(listed) + "\n")


def table(plugins: Sequence[str], name: str, text: str) -> Iterator[Unpacked]:
    """The file that lists plugins, beside them."""
    for folder in {plugin.rpartition("/")[0] for plugin in plugins[:1]}:
        yield plain(posixpath.normpath(f"{folder}/{name}"), text.encode())


def entry(kind: str, path: str) -> str:
    """What a plugin says of itself. Raises Unknown for one that is not known here."""
    name = path.rpartition("/")[2]
    if name not in plugins(kind):
        raise Unknown(f"its plugin {name} is not known here")
    return plugins(kind)[name]


def rest(text: str) -> str:
    """All but the first line."""
    return text.partition("\n")[2]


@cache
def plugins(kind: str) -> dict[str, str]:
    """What the plugins of a program say of themselves, by the names of their files.

    As ``dot -c`` and ``gdk-pixbuf-query-loaders`` write it in Debian bullseye to trixie.
    """
    text = Path(__file__).with_name("plugins").joinpath(f"{kind}.txt").read_text("utf-8")
    found = re.split(r"\n(?=lib)", text.strip("\n"))
    return {one.split()[0]: one.strip("\n") for one in found}


def keystore(bundle: bytes) -> bytes:
    """Certificates as Java's own kind of store has them (sun.security.provider.JavaKeyStore)."""
    found = []
    for match in CERTIFICATE.finditer(bundle):
        try:
            found.append(base64.b64decode(match[1]))
        except binascii.Error as error:
            raise Unknown("a certificate of the image is none") from error
    body = struct.pack(">III", 0xFEEDFEED, 2, len(found))
    for number, certificate in enumerate(found):
        body += struct.pack(">I", 2) + text(f"debian:{number:04}") + struct.pack(">Q", 0)
        body += text("X.509") + struct.pack(">I", len(certificate)) + certificate
    # a checksum that anybody can make: the format's own
    sealed = PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body
    return body + hashlib.sha1(sealed, usedforsecurity=False).digest()


def text(value: str) -> bytes:
    """A string as Java's DataOutput writes it."""
    return struct.pack(">H", len(value)) + value.encode()
