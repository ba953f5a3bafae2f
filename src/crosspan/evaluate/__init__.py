"""Scores with a signature: spans, word links, confidences, and tests between two systems."""

from crosspan.evaluate.alignment import (
    AlignmentComparison,
    AlignmentScore,
    compare_alignments,
    score_alignments,
)
from crosspan.evaluate.calibration import Calibration, reliability, span_outcomes
from crosspan.evaluate.chunks import lenient_spans, strict_spans
from crosspan.evaluate.comparison import NerComparison, compare_ner
from crosspan.evaluate.ner import NerScore, score_spans, score_tags
from crosspan.evaluate.pairing import check_same_tokens
from crosspan.evaluate.report import NerReport, evaluate_ner, projection_ratio
from crosspan.evaluate.span_errors import ErrorCounts, classify_spans, count_errors
from crosspan.io.pharaoh import GoldLinks

__all__ = [
    "AlignmentComparison",
    "AlignmentScore",
    "Calibration",
    "ErrorCounts",
    "GoldLinks",
    "NerComparison",
    "NerReport",
    "NerScore",
    "check_same_tokens",
    "classify_spans",
    "compare_alignments",
    "compare_ner",
    "count_errors",
    "evaluate_ner",
    "lenient_spans",
    "projection_ratio",
    "reliability",
    "score_alignments",
    "score_spans",
    "score_tags",
    "span_outcomes",
    "strict_spans",
]
