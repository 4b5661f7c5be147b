"""What studies and banks of GANs share: a generator trained for them, its needs in time and memory, and its images."""
