"""Which distributions the imports and calls need, each looked into before it is believed."""
