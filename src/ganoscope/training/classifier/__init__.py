"""Training of a classifier: configuration, epochs, session and run folder."""
