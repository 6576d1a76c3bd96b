"""Finds what ``analysis`` reckons with: images, variants of one notebook, sizes before a build."""
