"""What a heat map is worth: one check per file."""
