"""Evaluation: what can be measured of stills, against drawn masks, and of clips, against film."""
