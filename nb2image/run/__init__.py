"""Runs an image as a user would and brings its outputs back."""
