"""The folder of a run: its record, checkpoints, history and samples, and the way back to a trained run."""
