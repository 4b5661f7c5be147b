"""What may be wrong with the images of a store: one search per file."""
