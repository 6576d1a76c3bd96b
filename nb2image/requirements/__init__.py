"""From a script to a lock: imports, names, evidence, verification, resolution."""
