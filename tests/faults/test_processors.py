"""Every processor gives the same bits, when it aligns, projects, tags and trains with what comes along.

One machine can play several: NumPy, OpenBLAS and the C library choose among versions of their loops by what they are
told of the processor, and Numba compiles for the one that it is told. What is measured is in
:mod:`tests.faults.fingerprint`. ``CROSSPAN_PROCESSORS=1`` has everything compiled for several processors, which takes
minutes.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from tests.faults.fingerprint import WHAT, fingerprint

from crosspan.core.sources import closure, modules_of

ROOT = Path(__file__).parents[2]
EMBEDDED = (
    *("align.statistical", "project.candidates", "project.heuristic", "tag.crf"),
    *("train.crf", "train.rounds", "train.adapt", "train.self_training"),
)
"""What comes along; with all that these modules import it is the way of a corpus without models of others."""
ELSEWHERE = ("crosspan.evaluate", "crosspan.project.scorers")
"""What they import for other purposes: scores, and scores of neural models."""

LOOSE = {
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "float_power", "pow", "cbrt", "hypot"),
    *("sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan", "arctan2", "logaddexp"),
    *("dot", "vdot", "inner", "matmul", "einsum", "tensordot"),
}
"""Functions whose last bits depend on the processor, in NumPy and in ``math``."""


def loose_in(source):
    """Lines of a source file whose result depends on the processor, with the reason."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in ("np", "numpy", "math") and node.attr in LOOSE:
                found.append((node.lineno, f"{node.value.id}.{node.attr}"))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            found.append((node.lineno, "@"))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _is_exact(node):
            found.append((node.lineno, "**"))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "njit":
            found += [(node.lineno, f"njit({one.arg})") for one in node.keywords if one.arg != "inline"]
    return found


def _is_exact(node):
    """Squares are products, and powers of numbers that are written down are numbers."""
    right = node.right
    return isinstance(right, ast.Constant) and (right.value == 2 or isinstance(node.left, ast.Constant))


def test_nothing_on_the_way_of_a_corpus_is_left_to_the_processor():
    names = [
        name for name in closure(frozenset(f"crosspan.{one}" for one in EMBEDDED)) if not name.startswith(ELSEWHERE)
    ]
    assert "crosspan.align.hmm" in names
    assert "crosspan.train.lbfgs" in names
    loose = {}
    for name in names:
        path = ROOT / "src" / Path(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if found := loose_in(path.read_text(encoding="utf-8")):
            loose[name] = found
    assert not loose, "take exps and logs of core.arithmetic, and loops that are compiled"


def test_no_compiled_loop_is_left_to_a_threading_layer_or_to_the_compiler():
    """``parallel`` needs a layer that does not survive a fork, ``fastmath`` sums up in an order of its own."""
    for name in modules_of("crosspan"):
        path = ROOT / "src" / Path(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        wrong = [reason for _, reason in loose_in(path.read_text(encoding="utf-8")) if reason.startswith("njit")]
        assert not wrong, f"{name}: {wrong}"


@pytest.mark.parametrize(
    "line", ["np.exp(x)", "math.log(x)", "a @ b", "x ** 1.5", "x ** y", "njit(fastmath=True)(f)", "njit(parallel=True)"]
)
def test_what_is_left_to_the_processor_is_seen(line):
    assert loose_in(line)


@pytest.mark.parametrize("line", ["np.sqrt(x)", "x ** 2", "2.0**32", "exps(x)", "njit(inline='always')(f)", "a * b"])
def test_what_is_the_same_everywhere_is_not(line):
    assert not loose_in(line)


X86 = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="this processor is told to be others of the x86 kind"
)


def elsewhere(what, **environment):
    """What another process finds, on a machine that is told to be another."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.fingerprint", *what],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **environment},
        cwd=ROOT, capture_output=True, text=True, timeout=1_200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def older():
    """The environment in which libraries take this processor for one of the year 2008."""
    numpy_core = _numpy_core()
    able = numpy_core.__cpu_features__
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in numpy_core.__cpu_dispatch__ if able.get(name)),
        "OPENBLAS_CORETYPE": "Nehalem",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL",
    }


@X86
def test_libraries_may_choose_other_loops():
    what = ["align", "project", "tag", "train"]
    found = elsewhere([*what, "libraries"], **older())
    if found.pop("libraries") == fingerprint("libraries"):
        pytest.skip("the libraries of this machine have only one way to compute")
    assert found == {one: fingerprint(one) for one in what}


@X86
def test_loops_may_be_compiled_for_a_processor_that_can_do_less():
    """The sums and functions alone: the whole takes long to compile."""
    assert elsewhere(["kernels"], NUMBA_CPU_NAME="generic") == {"kernels": fingerprint("kernels")}


AVX2 = "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe"


@X86
@pytest.mark.skipif(not os.environ.get("CROSSPAN_PROCESSORS"), reason="CROSSPAN_PROCESSORS is not set: takes minutes")
@pytest.mark.parametrize(("name", "features"), [("generic", ""), ("nehalem", ""), ("haswell", AVX2)])
def test_everything_may_be_compiled_for_another_processor(name, features):
    if features and not _can("AVX2", "FMA3"):
        pytest.skip("this processor has no AVX2")
    what = sorted(WHAT.keys() - {"libraries"})
    found = elsewhere(what, NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=features)
    assert found == {one: fingerprint(one) for one in what}


def _can(*features):
    return all(_numpy_core().__cpu_features__.get(one) for one in features)


def _numpy_core():
    try:
        return import_module("numpy._core._multiarray_umath")
    except ImportError:  # before NumPy 2
        return import_module("numpy.core._multiarray_umath")
