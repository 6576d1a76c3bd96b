"""Where an image's bytes are: pure functions over listings of layers and packages."""
