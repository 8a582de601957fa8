"""Data: stills, clips and days to learn from."""
