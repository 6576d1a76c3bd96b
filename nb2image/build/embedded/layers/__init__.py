"""Layers as they are written: tar, DEFLATE, gzip or zstd."""
