"""From a context to an image: one file per builder behind one interface."""
