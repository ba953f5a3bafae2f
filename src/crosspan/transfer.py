"""The two directions of data transfer, and both together.

*Translate-train*: labels of source sentences are carried to their translations, and a tagger learns from those.
*Translate-test*: the translations of the sentences to label are tagged, and the labels carried back; nothing is trained.
:func:`ensemble` averages what both say about each word (Ebing and Glavaš 2025).
"""

from __future__ import annotations
