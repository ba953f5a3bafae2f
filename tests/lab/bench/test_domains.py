"""The suites of domains: every wart of their files, labels in our terms, noise; and the real files where they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan import io
from crosspan.core.errors import CrosspanError, OptionError
from crosspan.core.types import Sentence, Span
from crosspan.lab.bench import Scoring, SuiteResult, make_system, run_suite
from crosspan.lab.bench.noise import with_ocr_noise
from crosspan.lab.bench.system import System
from crosspan.lab.bench.tables import render
from crosspan.suites import make_suite
from crosspan.suites.europeana import ends
from crosspan.suites.folder import Folder
from crosspan.suites.labels import DOMAIN_LABELS, EUROPEANA_LABELS, HIPE_LABELS, relabelled
from crosspan.suites.suite import Material, MissingData
from crosspan.text.ocr_noise import OcrNoise

DATA = Path(os.environ.get("CROSSPAN_DATA") or Path(__file__).parents[4] / "shared" / "data")
NONE: frozenset[Any] = frozenset()
DOMAINS = ("uner", "hipe-2022", "europeana", "crossner", "wnut17")

HEADER = "TOKEN NE-COARSE-LIT NE-COARSE-METO NE-FINE-LIT NE-FINE-METO NE-FINE-COMP NE-NESTED NEL-LIT NEL-METO MISC"
HIPE = [
    "# hipe2022:document_id = sophokle1v3soph_0066",
    "# hipe2022:applicable_columns = TOKEN NE-COARSE-LIT NE-FINE-LIT NE-NESTED NEL-LIT MISC",
    "# ajmc:title = Sophokles, erklärt",
    "Aias B-pers _ B-pers.myth _ _ O Q172725 _ LED0.00",
    "Schn B-pers _ B-pers.author _ _ O _ _ NoSpaceAfter|EndOfSentence",  # a mark of an end inside a name
    ". I-pers _ I-pers.author _ _ O _ _ EndOfSentence",
    "El B-work _ B-work.primlit _ _ O _ _ NoSpaceAfter",
    ". I-work _ I-work.primlit _ _ O _ _ _",
    "1449 B-scope _ B-scope _ _ O _ _ InPrimaryReference|NoSpaceAfter|LED0.00",
    "# O _ O _ _ O _ _ EndOfLine|EndOfSentence",  # a word that looks like a comment
    "",
    "# hipe2022:document_id = sophokle1v3soph_0067",
    "Troja B-loc _ B-loc _ _ O _ _ _",
    '" O _ O _ _ O _ _ _',  # no end is marked at the end of a document
    "",
]


def hipe(lines: list[str] = HIPE) -> str:
    rows = [line if line.startswith("# ") and " = " in line else line.replace(" ", "\t") for line in [HEADER, *lines]]
    return "\n".join(rows) + "\n"


def read(suite: str, folder: Path, lang: str) -> Material:
    one = make_suite(suite)
    return one.read(one.find(Folder(folder), lang, NONE, None), lang, NONE)


def shown(material: Material) -> list[list[tuple[str, str]]]:
    return [[(" ".join(one.tokens[s.start : s.end]), s.label) for s in one.spans] for one in material.gold]


class Tagger:
    """Finds words with a capital letter, and calls them what the last letter says."""

    labels = ("LOC", "MISC", "ORG", "PER")
    tags = ("O", "B-LOC", "I-LOC", "B-MISC", "I-MISC", "B-ORG", "I-ORG", "B-PER", "I-PER")

    def tag(self, sentences: Any) -> list[Sentence]:
        return [Sentence(one.tokens, tuple(self._spans(one.tokens))) for one in sentences]

    def _spans(self, tokens: tuple[str, ...]) -> Iterator[Span]:
        for place, word in enumerate(tokens):
            if word[0].isupper():
                yield Span(place, place + 1, "PER" if word.endswith("s") else "ORG")


ASKED: list[str] = []
"""The models of taggers that were loaded."""


@pytest.fixture(autouse=True)
def capitals(families: Any) -> None:
    """The tagger has a name."""
    ASKED.clear()

    def load(model: str) -> Tagger:
        ASKED.append(model)
        return Tagger()

    families[0].register("capitals", load)


def run(suite: str, folder: Path, **how: Any) -> SuiteResult:
    system = make_system(make_suite(suite).about, taggers=how.pop("taggers", {"": "capitals:"}))
    return run_suite(suite, str(folder), system=system, scoring=how.pop("scoring", None), **how)


def test_hipe_sentences_end_where_marked_but_never_inside_an_entity(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "data/v2.1/ajmc/de/HIPE-2022-v2.1-ajmc-test-de.tsv", hipe())
    found = read("hipe-2022", tmp_path, "ajmc-de")
    assert [one.tokens for one in found.gold] == [
        ("Aias", "Schn", "."),
        ("El", ".", "1449", "#"),
        ("Troja", '"'),
    ]
    assert shown(found) == [[("Aias", "PER"), ("Schn .", "PER")], [], [("Troja", "LOC")]]
    assert [one.lang for one in found.gold] == ["de"] * 3
    assert found.notes == ("test part", "left out: 1 work, 1 scope")
    assert found.ignore == ("ORG",)


def test_hipe_words_that_are_joined_give_the_text(tmp_path: Path, downloads: Any) -> None:
    path = downloads.put(tmp_path / "HIPE-2022-v2.1-ajmc-test-de.tsv", hipe())
    sentences = io.read(path)
    assert [one.text for one in sentences] == ["Aias Schn.", "El. 1449#", None]
    assert sentences[1].offsets == ((0, 2), (2, 3), (4, 8), (8, 9))


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["v2.1-ajmc-dev-de", "v2.1-ajmc-test-de"], "v2.1-ajmc-test-de"),
        (["v2.1-ajmc-dev-de", "v2.1-ajmc-test_allmasked-de", "v2.1-ajmc-train-de"], "v2.1-ajmc-dev-de"),
        (["v1.0-ajmc-test-de", "v2.10-ajmc-test-de", "v2.9-ajmc-test-de"], "v2.10-ajmc-test-de"),
    ],
)
def test_hipe_takes_the_test_part_of_the_highest_version(
    tmp_path: Path, downloads: Any, names: list[str], chosen: str
) -> None:
    for name in names:
        downloads.put(tmp_path / f"HIPE-2022-{name}.tsv", hipe())
    found = make_suite("hipe-2022").find(Folder(tmp_path), "ajmc-de", NONE, None)
    assert [path.name for paths in found.values() for path in paths] == [f"HIPE-2022-{chosen}.tsv"]
    part = "development part: there is no test part" if "dev" in chosen else "test part"
    assert read("hipe-2022", tmp_path, "ajmc-de").notes[0] == part


def test_a_masked_hipe_file_is_a_line_with_an_error(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "HIPE-2022-v2.1-sonar-test-de.tsv", hipe(["Aias _ _ _ _ _ _ _ _ _", ""]))
    found = run("hipe-2022", tmp_path, languages=["sonar-de"])
    assert found.languages[0].status == "error"
    assert "HIPE-2022-v2.1-sonar-test-de.tsv:2" in str(found.languages[0].message)


def test_what_a_data_set_does_not_annotate_is_not_wrong_there(tmp_path: Path, downloads: Any) -> None:
    lines = ["Tokens B-pers _ _ _ _ _ _ _ _", "Rom O _ _ _ _ _ _ _ EndOfSentence", ""]
    for name in ("ajmc", "hipe2020"):
        downloads.put(tmp_path / f"HIPE-2022-v2.1-{name}-test-de.tsv", hipe(lines))
    found = {one.language: one for one in run("hipe-2022", tmp_path).languages if one.status == "done"}
    # the tagger calls Rom an ORG, which ajmc does not know
    assert found["ajmc-de"].result["scores"]["strict"]["micro"]["precision"] == 1.0
    assert found["hipe2020-de"].result["scores"]["strict"]["micro"]["precision"] == 0.5


def test_the_tagger_is_that_of_the_language_of_an_entry(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "HIPE-2022-v2.1-ajmc-test-de.tsv", hipe())
    run("hipe-2022", tmp_path, taggers={"de": "capitals:german", "": "capitals:any"})
    run("hipe-2022", tmp_path, taggers={"": "capitals:models/{lang}"})
    assert ASKED == ["german", "models/de"]


def europeana(folder: Path, name: str, *rows: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / name


def test_europeana_is_cut_into_sentences_and_never_inside_an_entity(tmp_path: Path) -> None:
    rows = (
        "Dr. O",
        "Gruber B-BER",
        "Anton I-PER",
        "arbeitet. O",
        "Die O",
        "Post O",
        "! O",
        "Maia B-ORG",
        "Werke. I-ORG",
    )
    more = ("Wien I-ORG", "Ende. O", "Alta I-MISC", "Rom B-LOC")
    europeana(tmp_path / "enp_DE.lft.bio", "enp_DE.lft.bio", *rows, *more)
    found = read("europeana", tmp_path, "de-lft")
    assert [one.tokens for one in found.gold] == [
        ("Dr.", "Gruber", "Anton", "arbeitet."),
        ("Die", "Post", "!"),
        ("Maia", "Werke.", "Wien", "Ende."),
        ("Alta", "Rom"),
    ]
    # a type that changes inside a name: no entity to the strict score, two to the lenient one
    assert shown(found) == [[("Gruber", "PER")], [], [("Maia Werke. Wien", "ORG")], [("Rom", "LOC")]]
    assert [s.label for s in found.lenient[0].spans] == ["PER", "PER"]
    assert [s.label for s in found.lenient[3].spans] == ["LOC"]


def test_europeana_in_iob1(tmp_path: Path) -> None:
    europeana(tmp_path, "enp_FR.bnf.bio", "M. O", "Paul I-PER", "Roux I-PER", "Jean B-PER", "à O", "Paris I-LOC", ". O")
    found = read("europeana", tmp_path, "fr")
    assert shown(found) == [[("Paul Roux", "PER"), ("Jean", "PER"), ("Paris", "LOC")]]
    assert found.lenient == found.gold


def test_one_german_file_is_what_de_means() -> None:
    about = make_suite("europeana").about
    assert about.aliases["de"] == "de-lft"
    assert about.code("de-onb") == "de"


@given(
    st.lists(st.sampled_from(["Haus", "geht.", "Dr.", "!", "Er", "a"]), max_size=300),
    st.lists(st.tuples(st.integers(0, 299), st.integers(1, 130)), max_size=4),
)
def test_cuts_keep_every_word_and_entity(words: list[str], places: list[tuple[int, int]]) -> None:
    spans = [Span(start, min(start + n, len(words)), "LOC") for start, n in places if start < len(words)]
    cuts = list(ends(words, spans))
    assert cuts == sorted(set(cuts))
    assert not words or cuts[-1] == len(words)
    assert not any(span.start < cut < span.end for span in spans for cut in cuts)
    if not spans:
        assert all(after - before <= 100 for before, after in zip([0, *cuts], cuts, strict=False))


def test_crossner_domains_and_labels(tmp_path: Path, downloads: Any) -> None:
    rows = [("Ada", "B-researcher"), ("uses", "O"), ("SVMs", "B-algorithm"), ("in", "O"), ("Ghana", "B-country")]
    downloads.put(tmp_path / "CrossNER" / "ner_data" / "ai" / "test.txt", downloads.columns([rows]) + "\n\n")
    downloads.put(tmp_path / "CrossNER" / "ner_data" / "ai" / "train.txt", downloads.columns([rows, rows]))
    downloads.put(tmp_path / "masakhaner" / "ai" / "test.txt", "not this one\n")
    found = read("crossner", tmp_path, "ai")
    assert shown(found) == [[("Ada", "PER"), ("Ghana", "LOC")]]
    assert found.notes == ("left out: 1 algorithm",)
    assert found.gold[0].lang == "en"
    with pytest.raises(MissingData, match=r"no music/test[.]txt"):
        read("crossner", tmp_path, "music")


def test_wnut17_rows_without_a_word_are_passed_over(tmp_path: Path, downloads: Any) -> None:
    text = "&\tO\ngt\tO\n#\tO\n\tO\nAC\tB-group\nMilan\tI-group\n\t\n\nStephen\tB-person\n'\tB-creative-work\n"
    downloads.put(tmp_path / "emerging.test.annotated", text)
    found = read("wnut17", tmp_path, "en")
    assert [one.tokens for one in found.gold] == [("&", "gt", "#", "AC", "Milan"), ("Stephen", "'")]
    assert shown(found) == [[("AC Milan", "ORG")], [("Stephen", "PER")]]


def test_uner_columns_and_other_entities(tmp_path: Path, downloads: Any) -> None:
    lines = [
        "# newdoc id = P1",
        "# sent_id = a-1",
        "# text = Rom i O",
        "1\tRom\tB-LOC\tB-LOCderiv#O\ts",
        "2\ti\tO\t-\t-",
        "3\tO\tB-OTH\t-\t-",  # a word that looks like a tag
        "",
    ]
    downloads.put(tmp_path / "UNER_Danish-DDT" / "da_ddt-ud-test.iob2", "\n".join(lines) + "\n")
    found = read("uner", tmp_path, "da-ddt")
    assert shown(found) == [[("Rom", "LOC"), ("O", "OTH")]]
    assert (found.gold[0].id, found.gold[0].lang) == ("a-1", "da")
    result = run("uner", tmp_path, languages=["da"])
    assert result.languages[0].language == "da-ddt"
    assert "OTH" in render(result)


@pytest.mark.parametrize("suite", DOMAINS)
def test_a_missing_entry_is_a_line_with_the_place_to_download(suite: str, tmp_path: Path) -> None:
    one = make_suite(suite)
    for entry in one.about.languages:
        with pytest.raises(MissingData, match=r"^no ") as caught:
            one.find(Folder(tmp_path), entry, NONE, None)
        assert str(caught.value.hint).startswith("https://github.com/")


@pytest.mark.parametrize("suite", DOMAINS)
def test_what_needs_translations_says_that_there_are_none(suite: str, tmp_path: Path) -> None:
    one = make_suite(suite)
    with pytest.raises(MissingData, match="no translations"):
        one.find(Folder(tmp_path), one.about.languages[0], frozenset({"train"}), None)


def test_tables_of_labels_lead_to_ours() -> None:
    for table in (DOMAIN_LABELS, HIPE_LABELS, EUROPEANA_LABELS):
        assert set(table.values()) == {"PER", "LOC", "ORG"}
        assert all(table[label] == label for label in ("PER", "LOC", "ORG"))


def test_one_reading_stays_one() -> None:
    gold = [Sentence(("Ada",), (Span(0, 1, "person"),))]
    (strict, lenient), notes = relabelled((gold, gold), DOMAIN_LABELS)
    assert strict is lenient
    assert notes == ()


def test_noise_leaves_labels_and_the_other_side(tmp_path: Path) -> None:
    gold = [Sentence(("Hamburg", "und", "Bremen"), (Span(0, 1, "LOC"),), "1", "de", "Hamburg und Bremen")]
    other = [Sentence(("Hamburg", "und", "Bremen"), (Span(0, 1, "ORG"),))]
    source = [Sentence(("Hamburg", "and", "Bremen"))]
    found, reached = with_ocr_noise(Material(gold=gold, lenient=other, source=source), OcrNoise(rate=0.3))
    assert found.gold[0].spans == gold[0].spans
    assert found.gold[0].tokens == found.lenient[0].tokens != gold[0].tokens
    assert (found.gold[0].id, found.gold[0].text, found.source) == ("1", None, source)
    assert found.lenient[0].spans == other[0].spans
    assert found.notes == (f"OCR noise: {100 * reached.rate:.2f} % of 16 characters",)
    assert with_ocr_noise(Material(gold=gold), OcrNoise(rate=0.3))[0].lenient == []


def test_noise_is_shown_and_is_the_same_each_time(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "HIPE-2022-v2.1-ajmc-test-de.tsv", hipe())
    clean = run("hipe-2022", tmp_path, languages=["ajmc-de"])
    noisy = [
        run("hipe-2022", tmp_path, languages=["ajmc-de"], ocr_noise=0.3, scoring=Scoring(bootstrap=0, seed=seed))
        for seed in (1, 1, 2)
    ]
    assert "ocr-noise" not in clean.signature
    assert "OCR noise" not in render(clean)
    assert "|ocr-noise:0.3|" in noisy[0].signature
    assert "OCR noise at 30 %" in render(noisy[0])
    assert noisy[0] == noisy[1]
    assert noisy[0].languages[0].result["ocr_noise"]["errors"] > 0
    data = json.loads(render(noisy[2], "json"))
    assert data["ocr_noise"] == 0.3
    assert data["languages"][0]["ocr_noise"]["rate"] == pytest.approx(0.3, abs=0.1)
    with pytest.raises(OptionError, match="rate of noise"):
        run("hipe-2022", tmp_path, ocr_noise=0.7)


REAL = pytest.mark.skipif(not (DATA / "ner").is_dir(), reason=f"real data not found at {DATA}; set CROSSPAN_DATA")


@REAL
@pytest.mark.parametrize("suite", DOMAINS)
def test_real_files_are_read_or_missing(suite: str) -> None:
    one = make_suite(suite)
    folder = Folder(DATA / "ner")
    n_done = 0
    for entry in one.about.languages:
        try:
            found = one.find(folder, entry, NONE, None)
        except MissingData:
            continue
        material = one.read(found, entry, NONE)
        n_done += 1
        assert {span.label for sent in material.gold for span in sent.spans} <= {"PER", "LOC", "ORG", "OTH"}
        assert max(map(len, material.gold)) < 1200  # HIPE has documents without a mark of an end
        assert [sent.tokens for sent in material.lenient] == [sent.tokens for sent in material.gold]
    assert n_done == {"uner": 8, "hipe-2022": 11, "europeana": 2, "crossner": 5, "wnut17": 1}[suite]


@REAL
def test_real_counts() -> None:
    """Counted by other means (grep) in the files; one word is #Atolacs, which looks like a comment."""
    folder = DATA / "ner"
    ajmc = read("hipe-2022", folder, "ajmc-en")
    assert sum(len(one) for one in ajmc.gold) == 6052
    assert "left out: 151 scope, 95 work, 3 date" in ajmc.notes
    lft = read("europeana", folder, "de-lft")
    assert sum(len(one) for one in lft.gold) == 70_259
    labels = [span.label for one in lft.gold for span in one.spans]
    assert (labels.count("PER"), labels.count("LOC"), labels.count("ORG")) == (2798, 3433, 1120)
    assert len(read("wnut17", folder, "en").gold) == 1287


def test_an_unreadable_file_is_an_error_that_says_where(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "emerging.test.annotated", "Ada\tB-person\nlives\n")
    with pytest.raises(CrosspanError, match="1 column"):
        read("wnut17", tmp_path, "en")


def test_a_neural_tagger_by_name_and_by_recipe_with_and_without_noise(tmp_path: Path, downloads: Any) -> None:
    torch = pytest.importorskip("torch")
    from crosspan.testing import tiny_models

    torch.set_num_threads(1)
    folder = tiny_models.save_tagger(tmp_path / "tagger")
    downloads.put(tmp_path / "data" / "HIPE-2022-v2.1-ajmc-test-de.tsv", hipe())
    about = make_suite("hipe-2022").about
    recipe = make_system(about, pipeline="model-transfer", settings={"tag.model": str(folder)})
    named = make_system(about, taggers={"": f"transformers:{folder}"})
    cache = tmp_path / "cache"

    def counts(system: System, noise: float) -> Any:
        found = run_suite(
            "hipe-2022",
            str(tmp_path / "data"),
            system=system,
            scoring=Scoring(bootstrap=0, ignore=about.ignore),
            languages=["ajmc-de"],
            cache=cache,
            ocr_noise=noise,
        )
        (one,) = found.languages
        assert one.status == "done", one.message
        return one.result["counts"], one.result.get("ocr_noise")

    clean, noisy = counts(recipe, 0.0), counts(recipe, 0.4)
    assert clean == counts(named, 0.0)
    assert noisy == counts(named, 0.4)
    # what is kept is told apart by the words
    assert counts(recipe, 0.0) == clean
    assert clean[1] is None
    assert noisy[1]["errors"] > 0
