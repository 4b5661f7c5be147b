"""Does synthetic data help? Designs that are frozen before training, tasks nested in outer splits, and the verdict."""
