"""One family of measurements per file: each number with its protocol, sample size, interval and control."""
