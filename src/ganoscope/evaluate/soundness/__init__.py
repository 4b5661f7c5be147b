"""Images that can't be: what no real image of a set looks like, whatever its subject."""
