"""Projection: from aligned pairs to labelled target sentences."""
