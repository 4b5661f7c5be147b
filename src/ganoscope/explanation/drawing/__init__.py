"""Heat maps, and what was measured about them, as figures."""
