"""Features of synthetic images beside those of real ones, and what a number says beside that of real patients."""
