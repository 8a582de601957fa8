"""Shell: the command line: its flags, its commands and how they end."""
