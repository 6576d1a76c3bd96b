"""An image is run, and what it shows is held against its notebook."""
