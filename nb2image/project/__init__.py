"""The notebook's project on disk, and the build context that is made of it."""
