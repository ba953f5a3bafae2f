"""Taggers at work on files: what ``crosspan tag``, ``crosspan train`` and ``crosspan predict`` do.

Sentences are tagged in shards of 4,000, in memory that does not grow with the file. Outputs are written all or nothing.
"""

from __future__ import annotations

from crosspan.pipeline.file_tagging.labelling import tag_file
from crosspan.pipeline.file_tagging.prediction import predict_file
from crosspan.pipeline.file_tagging.shards import TagSummary
from crosspan.pipeline.file_tagging.training import TrainSummary, train_files

__all__ = ["TagSummary", "TrainSummary", "predict_file", "tag_file", "train_files"]
