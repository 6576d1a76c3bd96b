"""The package index: what it lists, and what lies inside its files."""
