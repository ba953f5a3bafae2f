from __future__ import annotations

import subprocess
import sys

import pytest

from crosspan import align
from crosspan.align import ALIGNERS, load_aligner, make_aligner
from crosspan.align.fast_align import FastAlignOptions
from crosspan.align.lexicon import Smoothing
from crosspan.align.statistical import StatisticalAligner, StatisticalOptions
from crosspan.core.errors import OptionError
from crosspan.core.options import setting_names, with_settings


def test_values_are_read_as_the_type_of_the_setting():
    found = with_settings(
        StatisticalOptions(), {"hmm_iterations": "7", "p_null": "0.2", "smoothing.word": "3", "smoothing.suffix": 1}
    )
    assert found == StatisticalOptions(hmm_iterations=7, p_null=0.2, smoothing=Smoothing(word=3.0, suffix=1.0))
    assert type(found.smoothing.suffix) is float
    changed = with_settings(FastAlignOptions(), {"diagonal": "no", "lowercase": True, "symmetrization": "union"})
    assert changed == FastAlignOptions(diagonal=False, symmetrization="union")
    whole = with_settings(StatisticalOptions(), {"smoothing": Smoothing(word=1.0), "smoothing.form": 2})
    assert whole.smoothing == Smoothing(word=1.0, form=2.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"p_nul": 0.1}, "Did you mean p_null"),
        ({"word": 3}, "Did you mean smoothing.word"),
        ({"smoothing.wrd": 3}, "Did you mean word"),
        ({"zzzzzz": 3}, "Choose from diagonal_iterations"),
        ({"p_null.x": 3}, "no setting 'p_null.x'"),
        ({"smoothing": "3"}, "a group of settings"),
        ({"hmm_iterations": "2.5"}, "a whole number"),
        ({"hmm_iterations": 2.5}, "a whole number"),
        ({"hmm_iterations": True}, "a whole number"),
        ({"p_null": "many"}, "not a number"),
        ({"p_null": "nan"}, "not a number"),
        ({"p_null": None}, "not a number"),
        ({"p_null": "2"}, "p_null is 2.0"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(OptionError) as caught:
        with_settings(StatisticalOptions(), settings)
    assert message in str(caught.value)


def test_switches():
    with pytest.raises(OptionError, match="true or false"):
        with_settings(FastAlignOptions(), {"diagonal": "perhaps"})


def test_every_name_can_be_set():
    options = StatisticalOptions()
    for name in setting_names(options):
        outer, _, inner = name.rpartition(".")
        value = getattr(getattr(options, outer) if outer else options, inner)
        assert with_settings(options, {name: str(value)}) == options


def test_make_aligner():
    made = make_aligner("statistical", threads=3, p_null="0.3", **{"smoothing.word": 2})
    assert isinstance(made, StatisticalAligner)
    assert (made.threads, made.options.p_null, made.learned.lexicon.smoothing.word) == (3, 0.3, 2.0)
    with pytest.raises(OptionError, match="statistical, fast_align"):
        make_aligner("eflomal")
    with pytest.raises(OptionError, match="0 threads"):
        make_aligner(threads=0)


def test_names_load_when_used():
    assert align.StatisticalAligner is StatisticalAligner
    assert all(hasattr(align, name) for name in align.__all__)
    assert ALIGNERS.default == "statistical"
    with pytest.raises(AttributeError, match="Nothing"):
        align.Nothing  # noqa: B018


def test_importing_the_package_is_cheap():
    heavy = "{'numba', 'scipy', 'rich', 'uroman', 'systran_align', 'pyarrow'}"
    code = f"import sys, crosspan.align, crosspan.cli.align; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_load_aligner(tmp_path, fitted, fresh_bitext):
    fitted.save(tmp_path / "m.npz")
    loaded = load_aligner(str(tmp_path / "m.npz"), threads=2)
    assert loaded.threads == 2
    assert list(loaded.iter_align_tokens(fresh_bitext[0])) == fitted.align_tokens(fresh_bitext[0])
