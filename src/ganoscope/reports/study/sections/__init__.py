"""The chapters of a study's page: each file's `show` returns one, or None where there is nothing to show."""
