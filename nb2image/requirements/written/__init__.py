"""What is written down: requirements in cells, files and environments."""
