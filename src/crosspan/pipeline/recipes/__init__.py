"""Recipes: what may be said in them, how they are read and written."""
