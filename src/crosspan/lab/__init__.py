"""Grids of plans: suites of languages and systems, studies of encoders, and which transfer to try first."""
