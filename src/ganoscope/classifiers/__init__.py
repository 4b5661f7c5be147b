"""Trained classifiers, whether they fit what they are asked, and classifiers as teachers."""
