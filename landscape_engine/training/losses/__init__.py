"""Losses: the terms that training minimises."""
