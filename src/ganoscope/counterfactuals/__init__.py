"""Counterfactuals: images translated to another class, with the evidence of what that explains."""
