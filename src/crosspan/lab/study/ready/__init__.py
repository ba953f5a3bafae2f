"""Ready studies, as files beside this module; read by :mod:`crosspan.lab.study.shipped`.

A package of its own, as data files belong to the code that they lie beside: what a ready study says is no part of what
the cells of any study depend on.
"""
