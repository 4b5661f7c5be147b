"""Whether images show the class that they are said to show: one measurement per file."""
