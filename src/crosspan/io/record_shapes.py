"""Records as other tools write them, brought into the shape of ours: what is where, whatever it is called.

Nothing is changed in what a record says. What looks like labels and is not understood stays under its name, and
:func:`unused_labels` finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from crosspan.core.errors import LeftOutError, SpanError
from crosspan.core.shown import shown
from crosspan.core.tag_forms import are_labels, find_spelling
from crosspan.io.column_names import is_called

TOKEN_KEYS = ("tokens", "words", "tokenized_text")
TAG_KEYS = ("ner_tags", "ner", "tags", "labels", "fine_ner_tags")
SPAN_KEYS = ("spans", "entities", "ents", "annotations", "annotation", "label", "labels", "ner")
TEXT_KEYS = ("text", "sentence", "data", "content")
START_KEYS = (
    *("start", "start_offset", "begin", "startOffset", "begin_offset", "BeginOffset", "offset"),
    *("from", "start_char", "char_start", "start_pos", "startPos", "start_idx", "start_index", "startIndex"),
)
END_KEYS = (
    *("end", "end_offset", "stop", "endOffset", "EndOffset", "end_char", "char_end", "end_pos", "endPos", "end_idx"),
    *("to", "end_index", "endIndex"),
)
LABEL_KEYS = (
    *("label", "type", "tag", "entity_group", "labels", "entity_type", "category", "Type", "entity", "class"),
    *("label_", "ner", "ne_type", "entity_label", "entityType", "tag_name"),
)
OWN_TEXT_KEYS = ("text", "Text", "word", "surface", "mention")

NO_LABELS = frozenset(
    (*TOKEN_KEYS, *TEXT_KEYS, "id", "sent_id", "lang", "offsets", "unit", "error", "dropped", "unobserved")
)

KEYS = frozenset((*NO_LABELS, *TAG_KEYS, *SPAN_KEYS))
"""All names under which something of a sentence is looked for."""
_CHUNKS = ("NP", "VP", "PP", "ADVP", "SBAR", "ADJP")
_ANSWERS = ("answer", "status")
_LEFT_OUT = ("reject", "rejected", "ignore", "ignored", "discard", "discarded", "skipped")


def first(record: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """The first value that is there under one of some names.

    Example:
        >>> first({"end_offset": 3, "end": None}, END_KEYS)
        3
    """
    return next((record[key] for key in keys if record.get(key) is not None), None)


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether it is a list of values, not a string.

    Example:
        >>> is_list((1, 2)), is_list("ab")
        (True, False)
    """
    if isinstance(value, list | tuple | str | bytes):  # mostly; to ask whether it is a Sequence takes long
        return isinstance(value, list | tuple)
    return isinstance(value, Sequence)


def plain_values(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record with lists and numbers of Python in place of those of NumPy.

    Example:
        >>> import numpy as np
        >>> plain_values({"tokens": ["a"], "ner_tags": np.array(["B-X"])})
        {'tokens': ['a'], 'ner_tags': ['B-X']}
    """
    if not any(hasattr(value, "tolist") for value in record.values()):
        return record
    return {key: value.tolist() if hasattr(value, "tolist") else value for key, value in record.items()}


def shaped(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record in our shape.

    Args:
        record: What a tool wrote: Label Studio, spaCy, Prodigy, GLiNER, HuggingFace, doccano or another.

    Raises:
        LeftOutError: Who annotated it said that it is not to be used, or has not annotated it.

    Example:
        >>> shaped({"data": {"text": "Ada"}, "annotations": [{"result": [{"value": {"start": 0, "end": 3}}]}]})
        {'text': 'Ada', 'spans': [{'start': 0, 'end': 3}]}
    """
    record = plain_values(record)
    answers = (record.get(key) for key in _ANSWERS)
    answer = next((one for one in answers if isinstance(one, str) and one.lower() in _LEFT_OUT), None)
    if answer is not None:
        raise LeftOutError(
            f"the annotator's answer is {answer!r}", hint="Such a sentence is not to be used, and is left out."
        )
    if isinstance(record.get("data"), Mapping):
        record = _of_label_studio(record)
    changed: dict[str, Any] = {}
    for key in SPAN_KEYS:
        value = record.get(key)
        if isinstance(value, Mapping):
            changed[key] = _list_of(value)
    if is_list(points := record.get("annotation")) and points and all(map(_has_points, points)):
        changed["spans"] = [span for item in points for span in _of_points(item)]
        changed["annotation"] = None
    if "tokenized_text" in record and is_list(record.get("ner")):
        changed["spans"] = [_with_end(item) for item in record["ner"]]
        changed["ner"] = None
    return {**record, **changed} if changed else record


def _has_points(item: Any) -> bool:
    return isinstance(item, Mapping) and is_list(item.get("points")) and "label" in item


def _of_points(item: Mapping[str, Any]) -> list[Any]:
    """The spans of Dataturks, whose ends are their last characters, with ends one past those."""
    label = item["label"][0] if is_list(item["label"]) and len(item["label"]) == 1 else item["label"]
    return [
        {**point, "end": point["end"] + 1, "label": label}
        if isinstance(point, Mapping) and type(point.get("end")) is int
        else point
        for point in item["points"]
    ]


def _of_label_studio(record: Mapping[str, Any]) -> Mapping[str, Any]:
    data, rounds = record["data"], record.get("annotations")
    others = {key: value for key, value in record.items() if key not in ("data", "annotations")}
    texts = [value for key, value in data.items() if isinstance(value, str) and key in TEXT_KEYS]
    if not texts:
        texts = [value for value in data.values() if isinstance(value, str)]
    found: dict[str, Any] = {**data, **others}
    if texts:
        found["text"] = texts[0]
    if rounds is None or not is_list(rounds):
        return found
    done = [one for one in rounds if isinstance(one, Mapping) and not one.get("was_cancelled")]
    if not done:
        raise LeftOutError("nobody annotated it", hint="Such a sentence is not to be used, and is left out.")
    results = done[0].get("result")
    if not isinstance(results, list):
        raise SpanError(f"the result is {shown(results)}, not a list", hint="Export it from Label Studio as JSON.")
    given = [one.get("value") for one in results if isinstance(one, Mapping)]
    values = [value for value in given if isinstance(value, Mapping)]
    found["spans"] = [value for value in values if first(value, START_KEYS) is not None]
    if len(done) > 1:
        found["annotations of others"] = [one.get("result") for one in done[1:]]
    return found


def _list_of(value: Mapping[str, Any]) -> Any:
    """Spans of one group, or of lists of starts, ends and labels."""
    columns = list(value.values())
    if not value:
        return None
    if first(value, START_KEYS) is not None and all(map(is_list, columns)):
        return [dict(zip(value, values, strict=False)) for values in zip(*columns, strict=False)]
    filled = [group for group in columns if group]
    if len(filled) == 1 and is_list(filled[0]):
        return filled[0]
    return None if not filled else value


def _with_end(item: Any) -> Any:
    """A span whose end is its last token, as one past it."""
    if is_list(item) and len(item) == 3 and type(item[1]) is int:
        return [item[0], item[1] + 1, item[2]]
    return item


def tags_key(record: Mapping[str, Any], told: str | None = None, names: Mapping[str, Any] | None = None) -> str | None:
    """Under which name the tags of the tokens stand; ``None`` where there are none.

    Args:
        record: In our shape.
        told: The name, where the user says so; spans may stand there, too.
        names: Columns of numbers whose names are known.

    Example:
        >>> tags_key({"tokens": ["a"], "labels": ["B-X"], "pos": ["N"]}), tags_key({"text": "a", "label": "news"})
        ('labels', None)
        >>> tags_key({"tokens": ["a", "b"], "gold": ["B-X", "O"]})
        'gold'
    """
    if told is not None:
        return told if record.get(told) is not None and not holds_spans(record[told]) else None
    for key in TAG_KEYS:
        value = record.get(key)
        if value is not None and not holds_spans(value) and (key != "labels" or value or not is_list(value)):
            return key
    count = n_tokens(record)
    for key, value in record.items():
        if key not in KEYS and ((names and key in names and are_numbers(value)) or are_tags(key, value, count)):
            return key
    return next((key for key in TAG_KEYS if record.get(key) == []), None)


def spans_key(record: Mapping[str, Any], tags: str | None, told: str | None = None) -> str | None:
    """Under which name the spans stand: the first that is not empty; ``None`` where there is none.

    Args:
        record: In our shape.
        tags: Under which name the tags stand.
        told: The name, where the user says so; tags may stand there, too.

    Example:
        >>> spans_key({"spans": [], "ents": [{"start": 0, "end": 1, "label": "X"}]}, None)
        'ents'
    """
    if told is not None and holds_spans(record.get(told)):
        return told
    there = [key for key in SPAN_KEYS if record.get(key) is not None and key != tags]
    if tags is not None:  # strings beside tags say the same in words, as in WikiANN
        there = [key for key in there if not are_strings(record[key])]
    there = [key for key in there if is_list(record[key]) or key not in ("label", "labels", "annotation")]
    there = [key for key in there if key != "annotation" or not are_strings(record[key])]
    there = [
        key for key in there if key not in TAG_KEYS or not (is_list(record[key]) and _begins_with_tag(record[key]))
    ]
    filled = [key for key in there if not is_list(record[key]) or record[key]]
    if filled:
        return filled[0]
    others = [
        key
        for key, value in record.items()
        if key not in KEYS and value and holds_spans(value) and not is_called(key, "words")
    ]
    return others[0] if len(others) == 1 and tags is None else (there[0] if there else None)


def may_be_tags(names: Sequence[str]) -> bool:
    """Whether names of classes are those of entities, not of words or chunks.

    Example:
        >>> may_be_tags(["O", "B-PER"]), may_be_tags(["NN", "VB"]), may_be_tags(["O", "B-NP", "I-NP"])
        (True, False, False)
    """
    if "O" not in names:
        return False
    return not {name.partition("-")[2] for name in names if name != "O"} & {"NP", "VP"}


def n_tokens(record: Mapping[str, Any]) -> int | None:
    """How many tokens a record tells; ``None`` where it tells none.

    Example:
        >>> n_tokens({"words": ["a", "b"]})
        2
    """
    tokens = first(record, TOKEN_KEYS)
    return len(tokens) if is_list(tokens) else None


def _begins_with_tag(value: Sequence[Any]) -> bool:
    return bool(value) and isinstance(value[0], str | int)


def are_numbers(value: Any) -> bool:
    """Whether it is a list of whole numbers.

    Example:
        >>> are_numbers([0, 1]), are_numbers("01")
        (True, False)
    """
    return is_list(value) and all(type(one) is int for one in value)


def are_strings(value: Any) -> bool:
    """Whether it is a list of strings, and not empty.

    Example:
        >>> are_strings(["a"]), are_strings([])
        (True, False)
    """
    return is_list(value) and bool(value) and all(isinstance(one, str) for one in value)


def holds_spans(value: Any) -> bool:
    """Whether a value is a list of spans, to judge by the first few."""
    if not is_list(value) or not value:
        return False
    return all(map(_is_span, value[:3]))


def _is_span(item: Any) -> bool:
    if isinstance(item, Mapping):
        inner = item["value"] if isinstance(item.get("value"), Mapping) else item
        label = first(inner, LABEL_KEYS)
        ends = first(inner, (*END_KEYS, "length", *OWN_TEXT_KEYS))
        return first(inner, START_KEYS) is not None and label is not None and ends is not None
    return (
        is_list(item) and len(item) == 3 and type(item[0]) is int and type(item[1]) is int and isinstance(item[2], str)
    )


def are_tags(key: str, value: Any, length: int | None) -> bool:
    """Whether a value that has some name looks like the tags of the tokens, and not all of them are ``O``."""
    if not is_list(value) or length is None or len(value) != length or not length:
        return False
    if is_called(key, "words"):
        return False
    about = is_called(key, "tags")
    if all(type(one) is int for one in value):
        return about and any(value)
    if not all(isinstance(one, str) for one in value) or all(one == "O" for one in value):
        return False
    counts = {one: value.count(one) for one in set(value)}
    labels = {one.partition("-")[2] for one in counts if one != "O"}
    if labels <= set(_CHUNKS):
        return False
    return find_spelling(counts)[1] == 1.0 or (about and are_labels(counts))
