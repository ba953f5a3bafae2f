"""Recipes: stages by name, in shards, with a cache, so that a run that was stopped goes on where it was."""
