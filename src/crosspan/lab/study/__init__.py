"""Studies: a grid of encoders, ways of training, seeds, languages and domains, run in cells and shown as one page."""
