"""Counterfactuals as pictures: a panel for one image, and overviews of all."""
