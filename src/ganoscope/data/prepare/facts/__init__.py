"""What the pictures of a source reveal together: their volumes, kinds and values."""
