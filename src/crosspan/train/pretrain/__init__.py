"""Encoders that learn from raw text: from scratch, or further on the text of a language (LAPT)."""
