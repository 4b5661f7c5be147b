"""How pictures lie: which slices of a volume, where the patient is, and the way to the store's square and back."""
