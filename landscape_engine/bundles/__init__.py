"""Bundles: the networks' weights, codebooks and codes, in files and on a device."""
