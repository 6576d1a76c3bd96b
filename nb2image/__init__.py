"""nb2image turns a Jupyter notebook into a container image that is proved to run."""

__version__ = "0.1.0"
