"""Runs: one file for each network that is trained, and the loop that they share."""
