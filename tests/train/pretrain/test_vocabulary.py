"""Vocabulary augmentation: it repairs what was broken, and leaves the rest alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import EmptyInputError, ModelError, OptionError, OutputError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.models.loading import check_fit, load_model, load_tokenizer  # noqa: E402
from crosspan.models.pieces import pieces_of  # noqa: E402
from crosspan.testing.tiny_models import corpus_lines  # noqa: E402
from crosspan.train.pretrain.growth import grown  # noqa: E402
from crosspan.train.pretrain.piece_choice import NewPiece, choose_pieces, word_counts  # noqa: E402
from crosspan.train.pretrain.vocabulary import augment, coverage  # noqa: E402

KINDS = ["mbert", "xlmr", "mt5"]
SWAHILI = ["Ninakusoma na anakusoma kusoma vizuri", "wanakusoma kusomesha 2019 vizuri", "shuleni wanakusoma"] * 8


def ids(tokenizer, words):
    return [tuple(one.ids.tolist()) for one in pieces_of(tokenizer, [[word] for word in words])]


@pytest.fixture(scope="module", params=KINDS)
def made(request, models, news, tmp_path_factory):
    """A tiny encoder with pieces for Swahili: its kind, the folders before and after, the report, the text."""
    lines = news("swa")
    out = tmp_path_factory.mktemp("augmented") / request.param
    report = augment(models[request.param], lines, out, count=60)
    return models[request.param], out, report, lines


# --- the choice ------------------------------------------------------------------------------------------------------


def tokenizer_of(kind, pieces):
    """A tokenizer with these pieces alone."""
    if kind == "wordpiece":
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", "[unused2]"]
        vocabulary = {piece: index for index, piece in enumerate([*special, *pieces])}
        return transformers.BertTokenizer(vocab=vocabulary, do_lower_case=False)
    special = [(piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>")]
    return transformers.XLMRobertaTokenizer(vocab=[*special, *((piece, -5.0) for piece in pieces), ("<mask>", 0.0)])


def test_the_choice_by_hand():
    """Of `ku|so|ma` × 3, `ki|so|ma` × 2 and `ku|la` × 4, a whole word saves 6, 4 and 4, and `##soma` 5. Of words that
    are rare only what they share is worth a piece."""
    tokenizer = tokenizer_of("wordpiece", ["ku", "ki", "##so", "##ma", "##la"])
    text = ["kusoma kusoma kusoma", "kisoma kisoma kula", "kula kula kula"]
    found = choose_pieces(tokenizer, text, 3)
    assert [(one.text, one.count, one.gain, one.parts) for one in found] == [
        ("kusoma", 3, 6.0, ("ku", "##so", "##ma")),
        ("kisoma", 2, 4.0, ("ki", "##so", "##ma")),
        ("kula", 4, 4.0, ("ku", "##la")),
    ]
    rare = ["kusoma", "kisoma", "kasoma", "kula kula"]
    found = choose_pieces(tokenizer_of("wordpiece", ["ku", "ki", "ka", "##so", "##ma", "##la"]), rare, 2)
    assert [(one.text, one.count, one.gain, one.parts) for one in found] == [
        ("##soma", 3, 3.0, ("##so", "##ma")),
        ("kula", 2, 2.0, ("ku", "##la")),
    ]


def test_unknown_letters_come_first():
    pieces = ["ku", "##so", "##ma"]
    text = ["kusoma"] * 4 + ["kuŋma"] * 2
    found = choose_pieces(tokenizer_of("wordpiece", pieces), text, 1, longest=4)
    assert (found[0].text, found[0].gain, found[0].parts) == ("##ŋma", 8.0, ("##ma",))
    cheap = choose_pieces(tokenizer_of("wordpiece", pieces), text, 1, longest=4, unknown_cost=1.5)
    assert cheap[0].text == "##soma"


def test_a_piece_that_another_has_replaced_is_not_kept():
    """`ab` saves most at first; once `abc` and `abd` are there too, it stands nowhere."""
    tokenizer = tokenizer_of("wordpiece", ["a", "##b", "##c", "##d"])
    text = ["abc"] * 5 + ["abd"] * 5
    found = choose_pieces(tokenizer, text, 3, longest=3)
    assert sorted(one.text for one in found) == ["abc", "abd"]
    assert all(one.count == 5 for one in found)


def test_words_are_those_that_the_model_sees(models):
    tokenizer = load_tokenizer(models["mbert"])
    assert word_counts(tokenizer, ["Accra, Accra", "[MASK] Accra[SEP]"]) == {"Accra": 2, ",": 1}
    assert word_counts(load_tokenizer(models["xlmr"]), ["Accra, Accra"]) == {"▁Accra,": 1, "▁Accra": 1}


def test_settings_are_checked(models):
    tokenizer = load_tokenizer(models["xlmr"])
    for setting in ({"count": 0}, {"min_count": 0}, {"longest": 0}, {"types": 0}, {"unknown_cost": 1.0}):
        with pytest.raises(OptionError, match=f"{next(iter(setting))} is"):
            choose_pieces(tokenizer, SWAHILI, **setting)


@pytest.mark.parametrize("kind", ["wordpiece", "unigram"])
@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="abcdŋ", min_size=1, max_size=8), min_size=1, max_size=30), st.integers(1, 6))
def test_each_choice_pays(kind, text, count):
    """Whatever the text: old words without a new piece keep their numbers, each piece is used as often as it says, and
    the words fall into fewer pieces, or more of them are known."""
    marks = ["a", "b", "c", "##a", "##b", "##c", "##ab"] if kind == "wordpiece" else ["▁", "a", "b", "c", "ab", "▁a"]
    old = tokenizer_of(kind, marks)
    found = choose_pieces(old, text, count, min_count=1)
    assert len(found) <= count
    new, numbers = grown(old, found)
    vocabulary = new.get_vocab()
    kept = {piece: number for piece, number in old.get_vocab().items() if not piece.startswith("[unused")}
    assert {piece: vocabulary.get(piece) for piece in kept} == kept
    assert len({*vocabulary.values()}) == len(vocabulary)
    uses = dict.fromkeys(numbers, 0)
    names = {number: piece for piece, number in numbers.items()}
    for before, after in zip(ids(old, text), ids(new, text), strict=True):
        if not {*after} & {*names}:
            assert after == before
        for number in after:
            if number in names:
                uses[names[number]] += 1
    was, now = coverage(old, text), coverage(new, text)
    assert now.unknown <= was.unknown
    if now.unknown == was.unknown and kind == "wordpiece":
        assert now.pieces <= was.pieces
    if kind == "unigram":  # a word of WordPiece with one unknown letter left shows none of its pieces
        assert uses == {one.text: one.count for one in found}


# --- the augmented encoder -------------------------------------------------------------------------------------------


def test_words_are_cut_less(made):
    _, _, report, _ = made
    assert len(report.pieces) == 60
    assert report.held_out == 30
    assert report.after.pieces_per_word < 0.93 * report.before.pieces_per_word
    assert report.after.unknown < report.before.unknown
    assert report.after.words == report.before.words


def test_new_pieces_are_used_and_old_ones_keep_their_numbers(made, news):
    before, out, report, lines = made
    old, new = load_tokenizer(before), load_tokenizer(out)
    vocabulary = new.get_vocab()
    assert {piece: vocabulary[piece] for piece in old.get_vocab()} == old.get_vocab()
    numbers = {vocabulary[one.text] for one in report.pieces}
    assert min(numbers) > max(old.get_vocab().values())
    used = set()
    words = sorted({word for line in [*lines, *news("deu", 200), *corpus_lines()] for word in line.split()})
    for one, other in zip(ids(old, words), ids(new, words), strict=True):
        used |= {*other} & numbers
        if not {*other} & numbers:
            assert other == one
    assert used == numbers


def test_text_comes_back(made):
    before, out, _, lines = made
    old, new = load_tokenizer(before), load_tokenizer(out)
    seen = 0
    for word in sorted({word for line in lines[:200] for word in line.split()}):
        one, other = (tokenizer(word, add_special_tokens=False)["input_ids"] for tokenizer in (old, new))
        if old.unk_token_id not in one:
            seen += other != one
            assert new.decode(other) == old.decode(one)
    assert seen > 100


def test_vectors_begin_as_the_mean_of_their_parts(made):
    before, out, report, _ = made
    old, new = load_tokenizer(before), load_tokenizer(out)
    kind = json.loads((before / "config.json").read_text())["architectures"][0]
    was, now = load_model(before, kind), load_model(out, kind)
    check_fit(new, now, str(out))
    assert now.config.vocab_size == now.get_input_embeddings().weight.shape[0] == len(new)
    ends = [lambda model: model.get_input_embeddings().weight, lambda model: model.get_output_embeddings().weight]
    if getattr(was.get_output_embeddings(), "bias", None) is not None:
        ends.append(lambda model: model.get_output_embeddings().bias)
    for end in ends:
        one, other = end(was).detach().numpy(), end(now).detach().numpy()
        np.testing.assert_array_equal(other[: len(one)], one)
        for piece in report.pieces:
            row = other[new.get_vocab()[piece.text]]
            if piece.parts:
                parts = one[[old.get_vocab()[part] for part in piece.parts]]
                np.testing.assert_allclose(row, parts.mean(axis=0), atol=1e-6)
            assert np.isfinite(row).all()


def test_a_sentence_without_new_pieces_has_the_same_vectors(made):
    before, out, _, _ = made
    old = load_tokenizer(before)
    kind = json.loads((before / "config.json").read_text())["architectures"][0]
    given = torch.tensor([old("Berlin")["input_ids"]])
    more = {"decoder_input_ids": given} if "mt5" in str(before) else {}
    with torch.no_grad():
        one, other = (load_model(folder, kind)(input_ids=given, **more).logits for folder in (before, out))
    np.testing.assert_allclose(other[..., : one.shape[-1]].numpy(), one.numpy(), atol=1e-5)


def test_the_record(made):
    _, out, report, _ = made
    record = json.loads((out / "vocabulary.json").read_text(encoding="utf-8"))
    assert [one["text"] for one in record["pieces"]] == [one.text for one in report.pieces]
    assert record["after"]["pieces"] == report.after.pieces
    assert str(out.parent) not in json.dumps(record)


def test_a_script_that_was_unknown(models, news, tmp_path):
    lines = news("amh", 400)
    report = augment(models["xlmr"], lines, tmp_path / "m", count=150, min_count=3)
    assert report.before.unknown_rate > 0.9
    assert report.after.unknown_rate < 0.4


def test_free_places_are_taken_first(tmp_path):
    tokenizer = tokenizer_of("wordpiece", ["ku", "##so", "##ma"])
    pieces = [NewPiece(text=text, count=1, gain=1.0, parts=("ku",)) for text in ("kuso", "##soma", "kusoma")]
    new, numbers = grown(tokenizer, pieces)
    assert numbers == {"kuso": 5, "##soma": 6, "kusoma": 10}
    assert len(new) == len(tokenizer) + 1
    assert tokenizer.get_vocab()["[unused1]"] == 5
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    torch.manual_seed(0)
    transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=10, **shape)).save_pretrained(tmp_path / "e")
    tokenizer.save_pretrained(tmp_path / "e")
    report = augment(tmp_path / "e", ["kusoma kuma kuso"] * 3, tmp_path / "m", count=3, held_out=["kusoma"])
    assert (report.slots, report.rows, report.before.pieces, report.after.pieces) == (2, 1, 3, 1)


def test_vectors_to_spare_are_taken(models, tmp_path):
    """As in mT5, whose matrix has more rows than the tokenizer has pieces."""
    model = load_model(models["mt5"], "MT5ForConditionalGeneration")
    size = model.config.vocab_size + 12
    model.resize_token_embeddings(size)
    model.save_pretrained(tmp_path / "e")
    load_tokenizer(models["mt5"]).save_pretrained(tmp_path / "e")
    report = augment(tmp_path / "e", SWAHILI, tmp_path / "m", count=10, held_out=SWAHILI)
    assert len(report.pieces) > 4
    assert report.rows == 0
    assert load_model(tmp_path / "m", "MT5ForConditionalGeneration").config.vocab_size == size
    assert report.after.pieces < report.before.pieces


def test_special_pieces_behind_the_vocabulary_keep_their_numbers():
    """As in mDeBERTa, whose mask is no piece of its model."""
    tokenizer = tokenizer_of("unigram", ["▁ku", "so", "ma"])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<one>", "<two>"]})
    last = max(tokenizer.get_vocab().values())
    new, numbers = grown(tokenizer, [NewPiece(text="soma", count=1, gain=1.0, parts=("so", "ma"), score=-4.0)])
    assert numbers == {"soma": last + 1}
    assert {piece: new.get_vocab()[piece] for piece in tokenizer.get_vocab()} == tokenizer.get_vocab()
    old = tokenizer.get_vocab()
    assert new("kusoma <two>", add_special_tokens=False)["input_ids"] == [old["▁ku"], last + 1, old["<two>"]]


def test_the_same_text_gives_the_same_files(models, tmp_path):
    augment(models["xlmr"], SWAHILI, tmp_path / "a", count=9)
    code = f"from crosspan.train.pretrain.vocabulary import augment; augment({str(models['xlmr'])!r}, {SWAHILI!r}, "
    other = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "2"}  # not that of this process
    subprocess.run([sys.executable, "-c", f"{code}{str(tmp_path / 'b')!r}, count=9)"], check=True, env=other)
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab")
    assert one == other
    assert "model.safetensors" in one


def test_a_text_of_one_line_over_and_over(models, tmp_path):
    """Nothing is left to measure on; that is said, not made up."""
    report = augment(models["xlmr"], SWAHILI[:1] * 40, tmp_path / "m", count=3)
    assert (report.lines, report.held_out, report.before.words) == (40, 0, 0)


def test_progress_is_told(models, tmp_path):
    seen = []
    augment(models["xlmr"], SWAHILI, tmp_path / "m", count=4, progress=seen.append)
    assert (seen[-1].stage, seen[-1].done, seen[-1].total) == ("choosing pieces", 4, 4)


# --- what can go wrong -----------------------------------------------------------------------------------------------


def test_no_text(models, tmp_path):
    with pytest.raises(EmptyInputError, match="no text"):
        augment(models["xlmr"], ["", " "], tmp_path / "m")
    with pytest.raises(EmptyInputError, match="no piece would save any"):
        augment(models["xlmr"], ["a"], tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_folder_that_holds_something_is_left_alone(models, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="something else"):
        augment(models["xlmr"], SWAHILI, tmp_path)


def test_byte_pairs_are_refused(models, tmp_path):
    with pytest.raises(ModelError, match="of the kind BPE"):
        augment(models["nllb"], SWAHILI, tmp_path / "m")
