"""What the tasks of a study need: time, as its estimated cost and limits, and memory."""
