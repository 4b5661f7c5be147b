"""Results: what is measured on sets of images, what is written for each image, and what is concluded from all."""
