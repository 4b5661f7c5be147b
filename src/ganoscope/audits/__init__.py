"""Audits of synthetic images: questions, the evidence that they are asked of, and the scorecard of their answers.

The mathematics lies in `ganoscope.evaluate`; a file of `questions/` calls it and puts the verdict into words.
"""
