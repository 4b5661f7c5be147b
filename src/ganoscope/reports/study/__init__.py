"""The page of a study, its text report, and what is printed on the terminal."""
