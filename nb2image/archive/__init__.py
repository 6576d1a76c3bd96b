"""Reads images as streams: `docker save` tars, OCI layouts, an engine's export. Writes nothing."""
