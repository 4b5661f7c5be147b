"""Counterfactuals: images translated to another class, and the evidence for what that explains."""
