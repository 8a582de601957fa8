"""Light: looks, days and color maps: how the colors of a picture change."""
