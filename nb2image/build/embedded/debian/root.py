"""The root file system of a Debian base: what packages hold, and what their scripts would do.

No maintainer script runs. What theirs does that matters here is done by the functions below; a
package whose script does more than is known here is refused by ``unhandled``.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO

from nb2image.build.embedded import tarhead
from nb2image.build.embedded.debian import ldcache
from nb2image.build.embedded.debian.deb import Deb, Unpacked
from nb2image.build.embedded.debian.index import Package
from nb2image.build.embedded.layer import Compression, Layer, LayerWriter
from nb2image.build.embedded.tarhead import Owner

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOADERS = {
    "amd64": ("usr/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    "arm64": ("usr/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu/ld-linux-aarch64.so.1"),
}
MERGED = ("bin", "lib", "lib64", "sbin")
FOLDERS = (
    *("boot", "dev", "home", "media", "mnt", "opt", "proc", "run", "srv", "sys"),
    *("usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "usr/local/bin", "usr/local/lib"),
    *("var/cache", "var/lib/dpkg", "var/log"),
)
CERTIFICATES = "usr/share/ca-certificates/"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
LINKS = {
    # the defaults of the TLS library, made by the package openssl, which is not here
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
    "usr/lib/ssl/certs": "/etc/ssl/certs",
    "var/run": "/run",
    "var/lock": "/run/lock",
}
HANDLED = frozenset(
    {
        *("base-files", "base-passwd", "bash", "ca-certificates", "coreutils", "dash"),
        *(
            "debianutils",
            "findutils",
            "fontconfig",
            "fontconfig-config",
            "grep",
            "gzip",
            "libc-bin",
        ),
        *("libc6", "libpam0g", "libpython3.9-minimal", "libpython3.11-minimal", "media-types"),
        *("libpython3.13-minimal", "mime-support", "netbase", "python3.9", "python3.9-minimal"),
        *("python3.11", "python3.11-minimal", "python3.13", "python3.13-minimal", "sed", "tzdata"),
        *("libglib2.0-0", "libglib2.0-0t64", "libgdk-pixbuf-2.0-0", "shared-mime-info", "ucf"),
        *("libssl1.1", "libssl3", "libssl3t64", "readline-common", "perl-base", "tar", "login"),
        *(
            "libgssapi-krb5-2",
            "libgtk-3-0",
            "libgtk-3-0t64",
            "hicolor-icon-theme",
            "ncurses-bin",
            "mawk",
        ),
    }
)
"""Packages whose scripts do nothing that is missed here, or what ``extras`` does."""


def unhandled(debs: Mapping[str, Deb]) -> list[str]:
    """The packages whose installation runs a script that nobody here knows, sorted."""
    return sorted(
        name
        for name, deb in debs.items()
        if name not in HANDLED and does_something(deb.control.get("postinst", b""))
    )


def does_something(script: bytes) -> bool:
    """Whether a postinst is more than the empty frame that packaging tools make."""
    lines = (line.strip() for line in script.decode("utf-8", "replace").splitlines())
    idle = re.compile(
        r"|#.*|set -e[u]?|exit 0|:|ldconfig|esac|;;|fi|case .* in|.*\)|if .*; then|else|then|true"
    )
    return any(not idle.fullmatch(line) for line in lines)


def root_entries(
    packages: Sequence[Package],
    debs: Mapping[str, Deb],
    *,
    architecture: str,
    python: str,
    below: Sequence[tuple[Package, Deb]] = (),
) -> dict[str, Unpacked]:
    """What one layer of packages holds, by path.

    ``below`` are those of a lower layer: this one then holds further packages upon a base, and
    the tables of both.
    """
    entries = merged(deb for deb in debs.values())
    everything = {**merged(deb for _, deb in below), **entries}
    known = [*(p for p, _ in below), *packages]
    controls = {**{p.name: deb for p, deb in below}, **debs}
    entries |= extras(everything, known, controls, architecture, python, whole=not below)
    return entries


def write_root(
    file: BinaryIO,
    packages: Sequence[Package],
    entries: Mapping[str, Unpacked],
    *,
    time: int,
    compression: Compression,
) -> Layer:
    """Write the packages' ``root_entries`` as one layer."""
    writer = LayerWriter(file, time=time, compression=compression)
    for path in sorted(entries):
        write_entry(writer, entries[path])
    named = ", ".join(p.name for p in packages[:6])
    more = f" and {len(packages) - 6} more" if len(packages) > 6 else ""
    return writer.finish(f"Debian packages: {named}{more}")


def merged(debs: Iterable[Deb]) -> dict[str, Unpacked]:
    """The files of all packages by path; a file wins over a folder link of the same name."""
    found: dict[str, Unpacked] = {}
    for deb in debs:
        for one in deb.files:
            top = one.path.partition("/")[0]
            if one.path not in found or one.kind != tarfile.DIRTYPE:
                if top in MERGED and one.path in MERGED:
                    continue
                found[one.path] = one
    hard = {path: one for path, one in found.items() if one.kind == tarfile.LNKTYPE}
    for path, one in hard.items():
        # its target may be sorted behind it: a copy of the name is a copy of the file
        source = found.get(one.target)
        if source is None or source.kind != tarfile.REGTYPE:
            del found[path]
        else:
            found[path] = renamed(source, path)
    return found


def renamed(one: Unpacked, path: str) -> Unpacked:
    """The same file under another path."""
    return Unpacked(
        path=path,
        kind=one.kind,
        mode=one.mode,
        uid=one.uid,
        gid=one.gid,
        data=one.data,
        packed=one.packed,
    )


def extras(
    files: Mapping[str, Unpacked],
    packages: Sequence[Package],
    controls: Mapping[str, Deb],
    architecture: str,
    python: str,
    *,
    whole: bool,
) -> dict[str, Unpacked]:
    """What the packages' scripts would have made."""
    triplet = TRIPLETS[architecture]
    libraries = (f"usr/local/lib/{triplet}", "usr/local/lib", f"usr/lib/{triplet}", "usr/lib")
    made = {
        "etc/ld.so.cache": plain("etc/ld.so.cache", ldcache.write(files, libraries, architecture)),
        "var/lib/dpkg/status": plain("var/lib/dpkg/status", status(packages)),
    }
    for package in packages:
        deb = controls[package.name]
        listed = "".join(f"/{one.path}\n" for one in deb.files).encode()
        shown = f"{package.name}:{architecture}" if is_multiarch(package) else package.name
        for suffix, data in (("list", listed), ("md5sums", deb.control.get("md5sums", b""))):
            path = f"var/lib/dpkg/info/{shown}.{suffix}"
            made[path] = plain(path, data)
    made["var/lib/dpkg/info"] = folder("var/lib/dpkg/info")
    if not whole:
        return made
    for path in FOLDERS:
        if path not in files:
            made[path] = folder(path)
    for top in MERGED:
        made[top] = symlink(top, f"usr/{top}")
    made["tmp"] = folder("tmp", 0o1777)
    made["var/tmp"] = folder("var/tmp", 0o1777)
    made["root"] = folder("root", 0o700)
    made |= {path: symlink(path, target) for path, target in LINKS.items()}
    made |= accounts(files)
    made |= certificates(files)
    loader, target = LOADERS[architecture]
    if loader not in files:
        made[loader] = symlink(loader, target)
    for name in ("python", "python3"):
        made[f"usr/bin/{name}"] = symlink(f"usr/bin/{name}", f"python{python}")
    made["etc/localtime"] = symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC")
    made["etc/timezone"] = plain("etc/timezone", b"Etc/UTC\n")
    if "usr/bin/dash" in files:
        made["usr/bin/sh"] = symlink("usr/bin/sh", "dash")
    if "usr/share/libc-bin/nsswitch.conf" in files and "etc/nsswitch.conf" not in files:
        text = files["usr/share/libc-bin/nsswitch.conf"].data
        made["etc/nsswitch.conf"] = plain("etc/nsswitch.conf", text)
    return made


def accounts(files: Mapping[str, Unpacked]) -> dict[str, Unpacked]:
    """The users and groups of every Debian system, from base-passwd's masters."""
    found = {}
    for name in ("passwd", "group"):
        master = files.get(f"usr/share/base-passwd/{name}.master")
        if master is not None:
            text = master.data.replace(b":*:", b":x:")
            found[f"etc/{name}"] = plain(f"etc/{name}", text)
    return found


def certificates(files: Mapping[str, Unpacked]) -> dict[str, Unpacked]:
    """The bundle of all authorities, and the list of those that are trusted."""
    names = sorted(p for p in files if p.startswith(CERTIFICATES) and p.endswith(".crt"))
    if not names:
        return {}
    bundle = b"".join(files[name].data.rstrip(b"\n") + b"\n" for name in names)
    listed = "".join(f"{name[len(CERTIFICATES) :]}\n" for name in names).encode()
    return {
        BUNDLE: plain(BUNDLE, bundle),
        "etc/ca-certificates.conf": plain("etc/ca-certificates.conf", listed),
    }


def status(packages: Sequence[Package]) -> bytes:
    """dpkg's table of installed packages, which scanners read too."""
    left_out = ("Filename:", "Size:", "MD5sum:", "SHA1:", "SHA256:", "Description-md5:", "Package:")
    stanzas = []
    for package in sorted(packages, key=lambda p: p.name):
        lines = [line for line in package.stanza.split("\n") if not line.startswith(left_out)]
        head = [f"Package: {package.name}", "Status: install ok installed"]
        stanzas.append("\n".join([*head, *lines]))
    return ("\n\n".join(stanzas) + "\n\n").encode()


def is_multiarch(package: Package) -> bool:
    """Whether dpkg names the package's files with its architecture."""
    return "\nMulti-Arch: same" in package.stanza


def plain(path: str, data: bytes) -> Unpacked:
    """A file made here."""
    return Unpacked(path=path, kind=tarfile.REGTYPE, mode=0o644, data=data)


def folder(path: str, mode: int = 0o755) -> Unpacked:
    """A folder made here."""
    return Unpacked(path=path, kind=tarfile.DIRTYPE, mode=mode)


def symlink(path: str, target: str) -> Unpacked:
    """A link made here."""
    return Unpacked(path=path, kind=tarfile.SYMTYPE, mode=0o777, target=target)


def write_entry(writer: LayerWriter, one: Unpacked) -> None:
    """Write one entry, and the folders above it that no package names."""
    writer.parents(one.path)
    owner = Owner(uid=one.uid, gid=one.gid) if one.uid or one.gid else tarhead.ROOT
    if one.kind == tarfile.DIRTYPE:
        writer.folder(one.path, mode=one.mode, owner=owner)
    elif one.kind == tarfile.SYMTYPE:
        writer.symlink(one.path, one.target)
    elif one.packed:
        size = len(one.data)
        pieces = [(one.packed, one.data)]
        writer.stream(one.path, pieces, size=size, deflated=True, mode=one.mode, owner=owner)
    else:
        writer.file(one.path, one.data, mode=one.mode, owner=owner, bulk=True)
