"""Label fidelity, whether images show the class that was requested: one measurement per file."""
