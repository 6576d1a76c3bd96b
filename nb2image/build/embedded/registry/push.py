"""Pushes images to a registry: only what it does not have, mounted where it has it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import Blob, Image, make_index
from nb2image.build.embedded.registry.client import Reference, Registry, refused
from nb2image.errors import BuildError
from nb2image.events import Emit, Progress

THREADS = 4
PIECE = 1 << 18
UPLOADS = 3
"""How often a blob is sent before its push is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push did."""

    digest: str
    """Of the manifest, or of the index."""
    sent: int
    """Bytes of blobs that were transferred."""
    mounted: int
    """Blobs that the registry took from another repository."""


@dataclass(slots=True)
class Push:
    """One push of one reference."""

    registry: Registry
    reference: Reference
    cache: BlobCache
    emit: Emit
    sent: int = 0
    mounted: int = 0
    total: int = 0

    def images(self, images: Sequence[Image]) -> Pushed:
        """Push every image, and an index of them where there are several.

        The tag is set last: it names a whole image or what it named before. Raises BuildError.
        """
        blobs: dict[str, tuple[int, Path | bytes, str]] = {}
        for image in images:
            for number, layer in enumerate(image.layers):
                # a mount can only come from a repository of the same registry
                origin = image.origin if number < image.base_layers else ""
                path = self.cache.path(layer.digest)
                blobs.setdefault(layer.digest, (layer.size, path, origin))
            blobs[image.config.digest] = (len(image.config.data), image.config.data, "")
        self.total = sum(size for size, _, _ in blobs.values())
        with ThreadPoolExecutor(THREADS) as threads:
            for _ in threads.map(lambda item: self._blob(item[0], *item[1]), blobs.items()):
                pass
        top = images[0].manifest if len(images) == 1 else make_index(images)
        if len(images) > 1:
            for image in images:
                self._manifest(image.manifest, image.manifest.digest)
        self._manifest(top, self.reference.tag)
        return Pushed(digest=top.digest, sent=self.sent, mounted=self.mounted)

    @property
    def _scope(self) -> str:
        return f"{self.reference.repository}:pull,push"

    def _blob(self, digest: str, size: int, content: Path | bytes, origin: str) -> None:
        name = self.reference.repository
        with self.registry.ask(
            "HEAD", self.registry.url(f"{name}/blobs/{digest}"), self._scope
        ) as answer:
            if answer.status_code == 200:
                return
        known = self.cache.fact(self._fact(digest), str)
        status = 0
        for _ in range(UPLOADS):
            location = self._begin(digest, origin or known or "")
            if not location:
                self.mounted += 1
                break
            status = self._upload(location, digest, size, content)
            if status in (201, 204):
                self._count(size)
                break
            # an upload that was cut cannot always be gone on with: begin it anew
            if status not in (400, 404, 416):
                raise self._rejected(digest, status)
        else:
            raise self._rejected(digest, status)
        self.cache.remember(self._fact(digest), self.reference.name)

    def _count(self, size: int) -> None:
        self.sent += size
        self.emit(
            Progress(stage="build", step="push", done=self.sent, total=self.total, unit="bytes")
        )

    def _rejected(self, digest: str, status: int) -> BuildError:
        return BuildError(
            f"{self.registry.host} does not take {self.reference.repository}@{digest[:19]} "
            f"(HTTP {status})",
            code="registry-denied" if status in (401, 403) else "registry-answer",
            hint=f"sign in: docker login {self.registry.host}; or see the registry's log",
        )

    def _fact(self, digest: str) -> str:
        """Where this registry is known to have a blob."""
        return f"pushed/{self.registry.host}/{digest}"

    def _upload(self, location: str, digest: str, size: int, content: Path | bytes) -> int:
        """Send a blob whole; the status of the answer."""
        joined = f"{location}{'&' if urlsplit(location).query else '?'}"
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        with self.registry.ask(
            "PUT",
            f"{joined}{urlencode({'digest': digest})}",
            self._scope,
            headers=headers,
            body=content if isinstance(content, bytes) else lambda: pieces(content),
        ) as answer:
            return int(answer.status_code)

    def _begin(self, digest: str, origin: str) -> str:
        """Ask for an upload; its address, or nothing when the registry mounted the blob."""
        name = self.reference.repository
        url = self.registry.url(f"{name}/blobs/uploads/")
        scope = self._scope
        host, _, repository = origin.partition("/")
        if host == self.registry.host and repository != name:
            url = f"{url}?{urlencode({'mount': digest, 'from': repository})}"
            scope = f"{scope} {repository}:pull"
        with self.registry.ask("POST", url, scope, headers={"Content-Length": "0"}) as answer:
            if answer.status_code == 201:
                return ""
            if answer.status_code != 202 or not answer.headers.get("location"):
                raise refused(self.registry.host, name, answer)
            found = urljoin(url, answer.headers["location"])
        if urlsplit(found).scheme not in ("http", "https"):
            raise BuildError(
                f"{self.registry.host} names no upload address", code="registry-answer"
            )
        return found

    def _manifest(self, document: Blob, name: str) -> None:
        url = self.registry.url(f"{self.reference.repository}/manifests/{name}")
        headers = {"Content-Type": document.media_type}
        with self.registry.ask(
            "PUT", url, self._scope, headers=headers, body=document.data
        ) as answer:
            if answer.status_code not in (200, 201, 202):
                raise refused(self.registry.host, f"{self.reference.repository}:{name}", answer)


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes."""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
