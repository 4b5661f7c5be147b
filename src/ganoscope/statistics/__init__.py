"""Statistics, written once: estimates with intervals, bootstrap over patients, AUROC, comparisons of splits, verdicts.

Everything above takes its statistics from here, so that two reports of one number agree. All intervals are 95%
intervals unless a level is given, and resample patients (or clusters of near-duplicates) as wholes.
"""
