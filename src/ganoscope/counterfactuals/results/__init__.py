"""Results: measures of sets of images, files of each image, and conclusions from all images."""
