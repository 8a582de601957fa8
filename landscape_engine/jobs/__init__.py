"""Jobs: what can be asked of the engine, one use case a file."""
