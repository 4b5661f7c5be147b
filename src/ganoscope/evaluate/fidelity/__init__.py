"""Fidelity and diversity of generated images compared with real ones: one measurement per file."""
