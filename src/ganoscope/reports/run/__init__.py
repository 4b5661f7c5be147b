"""The report of a run: alarms first, then one section per file."""
