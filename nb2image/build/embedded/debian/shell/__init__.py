"""Reads maintainer scripts of the shell, and follows them without running anything."""
