"""What a classifier is worth on images that it has not seen."""
