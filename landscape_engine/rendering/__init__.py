"""Rendering: layers and light made into frames."""
