"""Training taggers from labels, also from labels that are incomplete or unsure."""
