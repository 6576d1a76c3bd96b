"""From script and requirements to a build plan and the files of its context: pure functions."""
