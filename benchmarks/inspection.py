"""How long inspecting an image takes and how much memory, beside what tar takes to list it.

    python benchmarks/inspection.py [--size GB] [--files N] [--folder DIR]

Makes an image of the given size (1 GB by default: many small files, some large ones that do not
compress) as a docker save tar and as an OCI layout with gzip layers, and lets ``nb2image inspect``
and ``tar -t`` read each, one after the other in one run. Goal: 1 GB in less than 15 s and 300 MB.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

MB = 1_000_000
GOAL_SECONDS = 15.0
GOAL_MEGABYTES = 300
LAYERS = 5


def main() -> None:
    """Make the images, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB of files")
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--folder", type=Path, help="for the images: 2.5 times their size")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="nb2image-bench-", dir=asked.folder))
    try:
        size = int(asked.size * 1000 * MB)
        # in a process of its own: a program's peak memory counts that of who started it
        maker = multiprocessing.Process(target=make, args=(folder, size, asked.files))
        maker.start()
        maker.join()
        archive, layout = folder / "image.tar", folder / "layout"
        print(f"{asked.files} files, {size / MB:.0f} MB, {os.cpu_count()} processors")
        rows = [
            ("inspect docker save tar", inspect(archive)),
            ("tar -t of each layer in it", shell(listing_of_archive(archive))),
            ("tar -t of the tar itself", shell(f"tar -tf '{archive}' >/dev/null")),
            ("inspect OCI layout, gzip", inspect(layout)),
            ("tar -tz of each layer in it", shell(listing_of_layout(layout))),
        ]
        for name, (seconds, megabytes) in rows:
            print(f"  {name:30} {seconds:7.2f} s {megabytes:7.0f} MB")
        ok = all(
            seconds < GOAL_SECONDS * asked.size and megabytes < GOAL_MEGABYTES
            for name, (seconds, megabytes) in rows
            if name.startswith("inspect")
        )
        print(f"goal {GOAL_SECONDS:.0f} s a GB, {GOAL_MEGABYTES} MB: {'met' if ok else 'MISSED'}")
        sys.exit(not ok)
    finally:
        shutil.rmtree(folder)


def make(folder: Path, size: int, files: int) -> None:
    """An image of ``size`` bytes in ``files`` files, as a docker archive and an OCI layout."""
    rng = random.Random(0)
    noise = rng.randbytes(8 * MB)
    words = b"".join(rng.choice([b"def ", b"import ", b"return ", b"self."]) for _ in range(MB))
    blobs = folder / "layout" / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layers = []
    for number in range(LAYERS):
        path = folder / f"layer{number}.tar"
        write_layer(path, number, size // LAYERS, files // LAYERS, noise, words)
        packed = folder / "packed"
        with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as out:
            shutil.copyfileobj(plain, out, 1 << 20)
        layers.append((path, keep_blob(packed, blobs)))
    config = json.dumps(
        {"rootfs": {"diff_ids": []}, "os": "linux", "architecture": "amd64"}
    ).encode()
    (folder / "config").write_bytes(config)
    manifest = {
        "config": keep_blob(folder / "config", blobs),
        "layers": [descriptor for _, descriptor in layers],
    }
    (folder / "manifest").write_text(json.dumps(manifest))
    index = {"manifests": [keep_blob(folder / "manifest", blobs)]}
    (folder / "layout" / "index.json").write_text(json.dumps(index))
    archive = folder / "image.tar"
    with tarfile.open(archive, "w") as tar:
        for number, (path, _) in enumerate(layers):
            tar.add(path, f"{number}/layer.tar")
            path.unlink()
        names = [f"{number}/layer.tar" for number in range(LAYERS)]
        add(tar, "config.json", config)
        docker = [{"Config": "config.json", "RepoTags": ["bench:1"], "Layers": names}]
        add(tar, "manifest.json", json.dumps(docker).encode())


def write_layer(path: Path, number: int, size: int, files: int, noise: bytes, words: bytes) -> None:
    """A layer: half its bytes in small text files, half in ten large ones of noise."""
    small = size // 2 // files
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for n in range(files):
            name = f"usr/lib/python3/site-packages/package{number}_{n // 100}/module{n}.py"
            add(tar, name, words[n : n + small])
        for n in range(10):
            large = (noise * (size // 20 // len(noise) + 1))[n : n + size // 20]
            add(tar, f"usr/lib/lib{number}_{n}.so", large)


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def keep_blob(path: Path, blobs: Path) -> dict[str, object]:
    """Move a file to its place among the blobs; its descriptor."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    path.rename(blobs / digest)
    return {"digest": f"sha256:{digest}", "size": size}


def inspect(image: Path) -> tuple[float, float]:
    """Seconds and megabytes of ``nb2image inspect``."""
    return measured([sys.executable, "-m", "nb2image", "inspect", str(image), "--json"])


def shell(command: str) -> tuple[float, float]:
    """Seconds and megabytes of a shell command."""
    return measured(["sh", "-c", command])


def measured(argv: list[str]) -> tuple[float, float]:
    """Run a program; wall seconds and the largest resident size of it or its children."""
    begun = time.monotonic()
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(argv, stdout=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    if status:
        sys.exit(f"{' '.join(argv)} ended with {status}")
    return seconds, usage.ru_maxrss * 1024 / MB


def listing_of_archive(archive: Path) -> str:
    return "; ".join(
        f"tar -xOf '{archive}' {number}/layer.tar | tar -t >/dev/null" for number in range(LAYERS)
    )


def listing_of_layout(layout: Path) -> str:
    blobs = sorted(layout.glob("blobs/sha256/*"), key=lambda path: path.stat().st_size)
    return "; ".join(f"tar -tzf '{blob}' >/dev/null" for blob in blobs[-LAYERS:])


if __name__ == "__main__":
    main()
