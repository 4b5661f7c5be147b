"""Evaluation of a classifier on held-out images: predictions, metrics, calibration and checks."""
