"""Scene: a picture's regions, their mattes, and their static bases."""
