"""The virtual environment: wheels, locked or built here, as layers."""
