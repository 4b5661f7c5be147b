"""What counterfactuals are worth: of each image, and of sets of images."""
