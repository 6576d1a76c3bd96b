"""Compares what a run showed with what the notebook shows. Pure."""
