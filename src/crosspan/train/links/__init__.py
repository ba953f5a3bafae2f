"""Tuning an encoder so that its vectors link words."""
