"""Evaluation of counterfactuals: measures of each image and of sets of images, and checks."""
