"""Questions and answers that the model which writes candidates learns from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from crosspan.core.types import Sentence
from crosspan.project.t_projection_data import Template
from crosspan.text.characters import encodable
from crosspan.train.candidates.options import WriterTraining


class Exercise(NamedTuple):
    """What the model reads and is to write, as pieces."""

    question: tuple[int, ...]
    answer: tuple[int, ...]


def examples_of(tokenizer: Any, sentences: Sequence[Sentence], options: WriterTraining) -> tuple[list[Exercise], int]:
    """Questions and answers as pieces, of all sentences that have entities, and how many were too long.

    Args:
        tokenizer: Of the model.
        sentences: Labelled sentences.
        options: What labels are called, and how long an example may be.
    """
    template = Template.named(options.names, options.blank)
    labelled = [sentence for sentence in sentences if sentence.spans]
    if not labelled:
        return [], 0
    questions = [template.question(one, [span.label for span in one.spans]) for one in labelled]
    asked = tokenizer(encodable(questions), return_attention_mask=False, verbose=False)["input_ids"]
    answers = [template.answer(one) for one in labelled]
    answered = tokenizer(text_target=encodable(answers), return_attention_mask=False, verbose=False)["input_ids"]
    found = [Exercise(tuple(one), tuple(other)) for one, other in zip(asked, answered, strict=True)]
    kept = [one for one in found if max(map(len, one)) <= options.max_pieces]
    return kept, len(found) - len(kept)
