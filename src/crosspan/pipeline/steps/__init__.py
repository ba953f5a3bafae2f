"""The steps of a plan, one family a module."""
