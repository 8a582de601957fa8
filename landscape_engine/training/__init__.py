"""Training: scenes and clips in, a bundle out. Imported only by its own sub-command."""
