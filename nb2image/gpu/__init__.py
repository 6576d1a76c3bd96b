"""Whether an image is for a GPU, and which CUDA its packages and its base have. Pure."""
