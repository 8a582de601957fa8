"""Scenes: procedural landscapes, and objects placed in front of stills."""
