"""Translation: generators, targets and classifiers; batches of cases, and the way back to the source's own geometry."""
