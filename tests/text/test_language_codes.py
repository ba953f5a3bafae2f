from __future__ import annotations

import pytest

from crosspan.core.errors import OptionError
from crosspan.text.language_codes import check_language


@pytest.mark.parametrize(
    "name", [None, "", "en", "sw", "swh", "lug_Latn", "pt-BR", "zh-Hant-TW", "de-muc", "QAA", "tw"]
)
def test_codes_that_there_are(name: str | None) -> None:
    check_language(name)


@pytest.mark.parametrize(
    ("name", "nearest"), [("engl", "'en'"), ("sw1", "'sw'"), ("xq", "'"), ("zzz", ""), ("e", ""), ("en/fr", "'en'")]
)
def test_others_are_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(OptionError, match="there is no language") as raised:
        check_language(name)
    assert nearest in str(raised.value)
