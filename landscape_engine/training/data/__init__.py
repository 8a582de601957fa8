"""Data: what networks learn from: stills, clips, days."""
