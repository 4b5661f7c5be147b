"""What attacks on the privacy of patients look at, and the controls that they must beat; attacks: `membership/`."""
