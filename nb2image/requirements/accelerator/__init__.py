"""Versions for the CPU without CUDA, and for a GPU with one CUDA."""
