"""One file per verb: the only place that determines the order of steps."""
