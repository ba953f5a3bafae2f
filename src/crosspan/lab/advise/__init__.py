"""Model transfer or data transfer first, for a new language."""
