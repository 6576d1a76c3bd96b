"""A base made from Debian's packages: verified, unpacked, and put together without running them."""
