"""The dashboard in a real browser, against a real server, in a network of its own."""
