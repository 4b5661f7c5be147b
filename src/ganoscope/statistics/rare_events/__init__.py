"""What is rare: tails of distributions, false discoveries among many tests, and rates at few false alarms."""
