"""Losses and penalties as pure functions: one value per sample, shape (B,)."""
