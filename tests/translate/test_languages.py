from __future__ import annotations

import sys

import pytest

pytest.importorskip("langcodes")
pytest.importorskip("language_data")

from crosspan.core.errors import MissingDependencyError, OptionError
from crosspan.translate.languages import code_of, english_name, same_language, understand

M2M100 = ["af", "am", "ar", "en", "es", "fa", "fil", "lg", "nb", "no", "ns", "sw", "zh"]
NLLB = [
    "ace_Arab",
    "ace_Latn",
    "aka_Latn",
    "als_Latn",
    "arb_Arab",
    "arz_Arab",
    "dik_Latn",
    "eng_Latn",
    "fuv_Latn",
    "gaz_Latn",
    "khk_Cyrl",
    "lug_Latn",
    "lvs_Latn",
    "mni_Beng",
    "mos_Latn",
    "nno_Latn",
    "nob_Latn",
    "npi_Deva",
    "ory_Orya",
    "pbt_Arab",
    "pes_Arab",
    "plt_Latn",
    "prs_Arab",
    "quy_Latn",
    "spa_Latn",
    "srp_Cyrl",
    "swh_Latn",
    "tgl_Latn",
    "twi_Latn",
    "ydd_Hebr",
    "yor_Latn",
    "yue_Hant",
    "zho_Hans",
    "zho_Hant",
    "zsm_Latn",
]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Luganda", "lug_Latn"),
        ("Ganda", "lug_Latn"),
        ("lug", "lug_Latn"),
        ("lg", "lug_Latn"),
        ("lug_Latn", "lug_Latn"),
        ("LUG-latn", "lug_Latn"),
        ("lg-UG", "lug_Latn"),
        ("en-GB", "eng_Latn"),
        ("English", "eng_Latn"),
        ("anglais", "eng_Latn"),
        ("Chinese", "zho_Hans"),
        ("zh", "zho_Hans"),
        ("cmn", "zho_Hans"),
        ("zh-Hant", "zho_Hant"),
        ("zh_TW", "zho_Hant"),
        ("Traditional Chinese", "zho_Hant"),
        ("Cantonese", "yue_Hant"),
        ("Swahili", "swh_Latn"),
        ("Kiswahili", "swh_Latn"),
        ("sw", "swh_Latn"),
        ("swa", "swh_Latn"),
        ("Arabic", "arb_Arab"),
        ("Egyptian Arabic", "arz_Arab"),
        ("fa", "pes_Arab"),
        ("Dari", "prs_Arab"),
        ("Norwegian", "nob_Latn"),
        ("nb", "nob_Latn"),
        ("nn", "nno_Latn"),
        ("Pashto", "pbt_Arab"),
        ("Quechua", "quy_Latn"),
        ("Fulah", "fuv_Latn"),
        ("Dinka", "dik_Latn"),
        ("Oromo", "gaz_Latn"),
        ("Mongolian", "khk_Cyrl"),
        ("Malay", "zsm_Latn"),
        ("Albanian", "als_Latn"),
        ("Nepali", "npi_Deva"),
        ("Oriya", "ory_Orya"),
        ("Yiddish", "ydd_Hebr"),
        ("Malagasy", "plt_Latn"),
        ("Latvian", "lvs_Latn"),
        ("Filipino", "tgl_Latn"),
        ("Tagalog", "tgl_Latn"),
        ("Yorùbá", "yor_Latn"),
        ("Mooré", "mos_Latn"),
        ("Twi", "twi_Latn"),
        ("ak", "aka_Latn"),
        ("sr", "srp_Cyrl"),
        ("Acehnese", "ace_Latn"),
        ("Acehnese (Arabic)", "ace_Arab"),
        ("mni", "mni_Beng"),
    ],
)
def test_names_of_nllb(name, code):
    assert code_of(name, NLLB) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [("Luganda", "lg"), ("lug_Latn", "lg"), ("zh-Hant", "zh"), ("Bokmål", "no"), ("nso", "ns"), ("tl", "fil")],
)
def test_names_of_m2m100(name, code):
    assert code_of(name, [one for one in M2M100 if one != "nb"]) == code


def test_countries():
    codes = ["pt", "pt_BR", "en", "fr_CA"]
    assert [code_of(name, codes) for name in ("pt-BR", "pt-PT", "Portuguese", "fr", "French")] == [
        "pt_BR",
        "pt",
        "pt",
        "fr_CA",
        "fr_CA",
    ]


def test_every_code_of_nllb_is_found_by_every_form_of_itself():
    tokenization = pytest.importorskip("transformers.models.nllb.tokenization_nllb")
    import langcodes

    codes = tokenization.FAIRSEQ_LANGUAGE_CODES
    languages = [code[:3] for code in codes]
    wrong = []
    for code in codes:
        forms = {code, code.replace("_", "-"), code.lower()}
        if languages.count(code[:3]) == 1:
            forms |= {code[:3], str(langcodes.get(code[:3]))}
            forms |= {english_name(code)} - {"Akan"}  # Twi's name in CLDR
        wrong += [(form, code) for form in forms if code_of(form, codes) != code]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Swahilli", r"'Swahilli' is not a language that is known here\. Did you mean Swahili \(swh_Latn\)"),
        ("xx", "'xx' is not a language that is known here"),
        ("Klingon", r"the model does not know Klingon \(tlh\)\."),
        ("br", r"does not know Breton \(br\)"),
        ("sr-Latn", r"does not know Serbian \(Latin\) \(sr-Latn\)\. The nearest that it knows is Serbian \(srp_Cyrl\)"),
        ("Croatian", r"does not know Croatian \(hr\)"),
        ("", "is not a language"),
        ("und", "is not a language"),
    ],
)
def test_languages_that_are_not_there(name, message):
    with pytest.raises(OptionError, match=message):
        code_of(name, NLLB)


def test_a_dialect_is_not_taken_for_the_language():
    with pytest.raises(OptionError, match=r"Egyptian Arabic \(arz\)\. The nearest that it knows is Arabic \(ar\)"):
        code_of("arz", M2M100)


def test_codes_need_no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "langcodes", None)
    assert code_of("swh_Latn", NLLB) == "swh_Latn"
    understand.cache_clear()
    with pytest.raises(MissingDependencyError, match="needs the package langcodes") as caught:
        code_of("Swahili", NLLB)
    assert "crosspan[neural]" in caught.value.hint
    understand.cache_clear()


def test_same_language():
    assert same_language("es", "Spanish (Latin)") is True
    assert same_language("nb", "no") is True
    assert same_language("es", "pt") is False
    for group in ("mul", "roa", "zls", "gmw", "ROMANCE"):
        assert same_language("es", group) is None
