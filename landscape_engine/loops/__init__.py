"""Loops: endless motion closed into a period, as layers that are blended."""
