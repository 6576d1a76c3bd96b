"""From an image back to what it was made of."""
