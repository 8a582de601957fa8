"""Scene: what is in a picture: its regions, their mattes, and what of them stays."""
