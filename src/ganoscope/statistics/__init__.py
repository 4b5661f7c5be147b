"""Estimates with intervals, rank statistics and resampling: written once, used by every measurement."""
