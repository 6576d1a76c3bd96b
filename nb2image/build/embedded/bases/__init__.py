"""What an image is put upon: from a registry, an archive on disk, or Debian's packages."""
