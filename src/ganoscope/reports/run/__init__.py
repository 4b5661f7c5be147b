"""The report of a run: alarms first, then one chapter per file of `sections/`."""
