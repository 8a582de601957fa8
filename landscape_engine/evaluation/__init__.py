"""Evaluation: what can be measured of a still's motion, loop and light, against drawn masks."""
