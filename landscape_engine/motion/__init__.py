"""Motion: codes, fields, arrows and water: how what was found moves."""
