"""Training of the model that writes T-Projection's candidates, on labelled sentences of the source language."""
