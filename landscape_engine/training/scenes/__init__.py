"""Scenes: landscapes that are drawn, and what is put before stills."""
