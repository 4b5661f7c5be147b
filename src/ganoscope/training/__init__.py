"""The loop, and what keeps it honest: checkpoints, history, moving average, samples, alarms, the run folder."""
