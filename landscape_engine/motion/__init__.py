"""Motion: codes, fields, arrows and water: the motion of each region."""
