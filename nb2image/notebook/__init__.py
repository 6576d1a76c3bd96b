"""From the bytes of a notebook to a script: pure functions, nothing is executed."""
