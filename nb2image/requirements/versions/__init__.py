"""One set of versions that fit together, and the lock that is made of it."""
