"""Evaluation: stills measured against drawn masks, clips against film."""
