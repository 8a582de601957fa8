"""Jobs: the engine's use cases, one per file."""
