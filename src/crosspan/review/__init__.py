"""Correcting by hand: sentences out to people, their decisions back, and what these say of the whole.

:mod:`crosspan.review.tasks` is what is looked at, :mod:`crosspan.review.decisions` what a person decided of a sentence,
:mod:`crosspan.review.decision_file` the file that keeps it, :mod:`crosspan.review.changes` what became of each span.
"""
