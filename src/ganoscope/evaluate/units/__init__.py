"""Whether Hounsfield units are true: one measurement per file."""
