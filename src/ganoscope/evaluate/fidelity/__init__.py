"""How close generated images are to real ones, and how diverse: one measurement per file."""
