"""Clients of the places that hold public data sets, and the archives that come from there."""
