"""Counterfactuals: images translated to another class, with the evidence of what that explains."""

from ganoscope.counterfactual.config import CounterfactualConfig
from ganoscope.counterfactual.making import make_counterfactuals
from ganoscope.counterfactual.results import Outcome

__all__ = ["CounterfactualConfig", "Outcome", "make_counterfactuals"]
