"""The manual: the pages of the documentation, told apart by kind, and reference pages that are made from the code.

The same pages are the documentation site (``make docs``), what ``crosspan docs`` shows, and what it opens in a browser.
"""

from crosspan.manual.contents import KINDS, Kind
from crosspan.manual.pages import Manual, Page

__all__ = ["KINDS", "Kind", "Manual", "Page"]
