"""The steps of `ganoscope prepare`: list, decode, group, split, check, finalize."""
