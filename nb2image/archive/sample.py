"""Estimates how small a layer would be in a registry, from samples of its bytes."""

from __future__ import annotations

import zlib

from nb2image.archive.stream import CHUNK, Stream

WHOLE = 16
"""So many chunks of the beginning are all compressed: of a layer below 4 MB everything is."""
STRIDE = 32
"""Of the rest every 32nd chunk is: some 130 samples, and a second of work, a gigabyte."""
LEVEL = 6
"""gzip's own default, which engines use as well."""


class Sampler:
    """Passes a plain stream on and compresses samples of it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = Stream(self._more, name=stream.name)
        self._source = stream
        self._chunks = 0
        self._beginning = 0
        """Compressed bytes of the chunks that are all compressed."""
        self._rest = 0
        self._sampled = 0
        self._compressed = 0

    @property
    def estimate(self) -> int:
        """Compressed bytes of what has passed."""
        ratio = self._compressed / self._sampled if self._sampled else 1.0
        return self._beginning + round(self._rest * ratio)

    def _more(self) -> bytes:
        data = self._source.read(CHUNK)
        if self._chunks < WHOLE:
            self._beginning += len(zlib.compress(data, LEVEL)) if data else 0
        else:
            self._rest += len(data)
            if self._chunks % STRIDE == 0:
                self._sampled += len(data)
                self._compressed += len(zlib.compress(data, LEVEL))
        self._chunks += 1
        return data
