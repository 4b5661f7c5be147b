"""What a design can decide, before anything is trained."""
