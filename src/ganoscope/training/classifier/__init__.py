"""Training of a classifier: configuration, epochs, session."""
