"""Masks: told from pictures by their values, attached where the user states them, and read beside their image."""
