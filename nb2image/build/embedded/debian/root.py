"""The root file system of a Debian base: what packages hold, and what their scripts would do.

No maintainer script runs: what they do is told by ``scripts`` and made by ``effects``.
"""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO

from nb2image.build.embedded.bases.base import Placed
from nb2image.build.embedded.debian import ldcache
from nb2image.build.embedded.debian.deb import Deb, Unpacked
from nb2image.build.embedded.debian.index import Package
from nb2image.build.embedded.debian.made import BUNDLE, folder, plain, symlink, whiteout
from nb2image.build.embedded.layers import tarhead
from nb2image.build.embedded.layers.layer import Compression, Layer, LayerWriter
from nb2image.build.embedded.layers.tarhead import Owner

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
LINKS = {
    # the defaults of the TLS library, made by the package openssl, which is not here
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
    "usr/lib/ssl/certs": "/etc/ssl/certs",
    "var/run": "/run",
    "var/lock": "/run/lock",
}


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
    the tables of both. Raises PlanError for packages that only their scripts can set up.
    """
    own = merged(debs.values())
    controls = {**{p.name: deb for p, deb in below}, **debs}
    known = [*(p for p, _ in below), *packages]
    if below:
        lower = root_entries(
            [p for p, _ in below],
            {p.name: deb for p, deb in below},
            architecture=architecture,
            python=python,
        )
    else:
        lower = skeleton(own, architecture, python)
    entries = own if below else {**own, **lower}
    names = [p.name for p, _ in below]
    entries = with_effects(debs, entries, lower, texts(lower), names, architecture)
    everything = {**lower, **entries}
    entries |= tables(everything, known, controls, architecture)
    return entries


def with_effects(
    debs: Mapping[str, Deb],
    files: Mapping[str, Unpacked],
    places: Mapping[str, Placed],
    texts: Mapping[str, bytes],
    packages: Collection[str],
    architecture: str,
) -> dict[str, Unpacked]:
    """Files with what the scripts of their packages make of them and of what lies below.

    For ``places``, ``texts`` and ``packages`` see ``Below``. Raises PlanError for packages that
    cannot be set up here.
    """
    from nb2image.build.embedded.debian.effects import Below, outcome  # seldom needed, and much

    below = Below(places=places, texts=texts, packages=packages)
    named = named_effects(debs, files)
    files = {**files, **{path: one for path, one in named.items() if path not in places}}
    done = outcome(debs, files, below, architecture)
    found = {path: one for path, one in files.items() if path not in done.removed}
    found |= done.entries
    for path in sorted(done.removed & places.keys()):
        hidden = whiteout(path)
        found[hidden.path] = hidden
    return found


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
    for _, one in sorted(first_written(entries).items()):
        write_entry(writer, one)
    return writer.finish(f"Debian packages: {first_names(packages)}")


def first_names(packages: Sequence[Package]) -> str:
    """The packages in a few words."""
    named = ", ".join(p.name for p in packages[:6])
    return f"{named} and {len(packages) - 6} more" if len(packages) > 6 else named


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
    for path, one in [*found.items()]:
        if one.kind == tarfile.LNKTYPE:
            source = found.get(one.target)
            if source is None or source.kind != tarfile.REGTYPE:
                del found[path]
    return found


def first_written(entries: Mapping[str, Unpacked]) -> dict[str, Unpacked]:
    """The entries with every hard link leading to the name of its file that is sorted first."""
    made = dict(entries)
    names: dict[str, list[str]] = {}
    for path, one in entries.items():
        if one.kind == tarfile.LNKTYPE:
            names.setdefault(one.target, [one.target]).append(path)
    for target, paths in names.items():
        first, *others = sorted(paths)
        source = entries[target]
        made[first] = replace(source, path=first)
        for path in others:
            linked = replace(source, path=path, kind=tarfile.LNKTYPE, target=first)
            made[path] = replace(linked, data=b"", packed=b"", size=0)
    return made


def skeleton(files: Mapping[str, Unpacked], architecture: str, python: str) -> dict[str, Unpacked]:
    """What every Debian system has and no package brings."""
    made = {path: folder(path) for path in FOLDERS if path not in files}
    for top in MERGED:
        made[top] = symlink(top, f"usr/{top}")
    made["tmp"] = folder("tmp", 0o1777)
    made["var/tmp"] = folder("var/tmp", 0o1777)
    made["root"] = folder("root", 0o700)
    made |= {path: symlink(path, target) for path, target in LINKS.items()}
    made |= accounts(files)
    loader, target = LOADERS[architecture]
    if loader not in files:
        made[loader] = symlink(loader, target)
    for name in ("python", "python3"):
        made[f"usr/bin/{name}"] = symlink(f"usr/bin/{name}", f"python{python}")
    if "usr/bin/dash" in files:
        made["usr/bin/sh"] = symlink("usr/bin/sh", "dash")
    if "usr/share/libc-bin/nsswitch.conf" in files and "etc/nsswitch.conf" not in files:
        text = files["usr/share/libc-bin/nsswitch.conf"].data
        made["etc/nsswitch.conf"] = plain("etc/nsswitch.conf", text)
    return made


def tables(
    files: Mapping[str, Unpacked],
    packages: Sequence[Package],
    controls: Mapping[str, Deb],
    architecture: str,
) -> dict[str, Unpacked]:
    """The tables of the loader and of dpkg."""
    triplet = TRIPLETS[architecture]
    libraries = (f"usr/local/lib/{triplet}", "usr/local/lib", f"usr/lib/{triplet}", "usr/lib")
    made = {
        "etc/ld.so.cache": plain(
            "etc/ld.so.cache", ldcache.write(loadable(files), libraries, architecture)
        ),
        "var/lib/dpkg/status": plain("var/lib/dpkg/status", status(packages)),
    }
    made |= {one.path: one for one in dpkg_info(packages, controls, architecture)}
    made["var/lib/dpkg/info"] = folder("var/lib/dpkg/info")
    return made


def loadable(files: Mapping[str, Unpacked]) -> dict[str, bool]:
    """The files and links among entries, as ``ldcache`` wants them."""
    return {
        path: one.kind != tarfile.SYMTYPE
        for path, one in files.items()
        if one.kind != tarfile.DIRTYPE
    }


def dpkg_info(
    packages: Iterable[Package], controls: Mapping[str, Deb], architecture: str
) -> Iterator[Unpacked]:
    """What dpkg keeps of each package: the paths and the hashes of its files."""
    for package in packages:
        deb = controls[package.name]
        listed = "".join(f"/{one.path}\n" for one in deb.files).encode()
        shown = f"{package.name}:{architecture}" if is_multiarch(package) else package.name
        for suffix, data in (("list", listed), ("md5sums", deb.control.get("md5sums", b""))):
            yield plain(f"var/lib/dpkg/info/{shown}.{suffix}", data)


def named_effects(debs: Mapping[str, Deb], files: Mapping[str, Unpacked]) -> dict[str, Unpacked]:
    """What the scripts of two packages make that are too much to be followed."""
    made = certificates(files) if "ca-certificates" in debs else {}
    if "tzdata" in debs:
        made["etc/localtime"] = symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC")
        made["etc/timezone"] = plain("etc/timezone", b"Etc/UTC\n")
    return made


def texts(entries: Mapping[str, Unpacked]) -> dict[str, bytes]:
    """The bytes of the files among entries, but for large ones."""
    files = ((path, one) for path, one in entries.items() if one.kind == tarfile.REGTYPE)
    return {path: one.data for path, one in files if not one.size}


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


def write_entry(writer: LayerWriter, one: Unpacked) -> None:
    """Write one entry, and the folders above it that no package names."""
    writer.parents(one.path)
    owner = Owner(uid=one.uid, gid=one.gid) if one.uid or one.gid else tarhead.ROOT
    if one.kind == tarfile.DIRTYPE:
        writer.folder(one.path, mode=one.mode, owner=owner)
    elif one.kind == tarfile.SYMTYPE:
        writer.symlink(one.path, one.target)
    elif one.kind == tarfile.LNKTYPE:
        writer.hard_link(one.path, one.target, mode=one.mode, owner=owner)
    elif one.packed:
        size = one.size or len(one.data)
        writer.stream(one.path, one.pieces(), size=size, deflated=True, mode=one.mode, owner=owner)
    else:
        writer.file(one.path, one.data, mode=one.mode, owner=owner, bulk=True)
