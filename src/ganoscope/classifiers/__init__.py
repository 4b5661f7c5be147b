"""Trained classifiers, whether they are fit for given images, and classifiers as teachers."""
