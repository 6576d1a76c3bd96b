"""What the notebook's code tells of its needs; nothing is executed."""
