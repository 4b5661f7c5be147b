"""Fidelity of Hounsfield units: one measurement per file."""
