"""Whether an image is for a GPU, and for which: from the notebook and the packages. Pure."""
