"""Pages to look at.

:func:`write_report` makes one of :class:`Item` objects, which come from memory (:func:`items_of`,
:func:`crosspan.report.projecting.project_items`), from files made already (:func:`crosspan.report.reading.read_items`),
or from files projected for the page (:func:`crosspan.report.projecting.projected_items`).
"""

from crosspan.report.items import Item, items_of
from crosspan.report.page import WrittenPage, write_report

__all__ = ["Item", "WrittenPage", "items_of", "write_report"]
