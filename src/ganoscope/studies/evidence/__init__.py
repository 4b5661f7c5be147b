"""What the verdict of a study rests on: answers to held-out images, means with intervals, comparisons, alarms."""
