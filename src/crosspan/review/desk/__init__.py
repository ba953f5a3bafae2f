"""The page to correct in, and the server behind it.

:mod:`crosspan.review.desk.desk` knows the sentences, their order and what was decided; :mod:`crosspan.review.desk.app`
answers the page, :mod:`crosspan.review.desk.guard` decides who is answered at all, and
:mod:`crosspan.review.desk.server` runs it.
"""
