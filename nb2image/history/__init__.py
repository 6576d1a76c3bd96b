"""What was planned, built, run and verified on this machine."""
