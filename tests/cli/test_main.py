from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib import import_module

import click
import pytest

import crosspan
from crosspan.cli import main as module
from crosspan.cli.main import VERBS, main
from crosspan.core.errors import FormatError, OptionError

HEAVY = ("numpy", "numba", "scipy", "rich", "pyarrow", "regex", "uroman")


def failing(monkeypatch, error):
    """Make ``crosspan demo`` raise this."""

    @click.command("demo")
    def command() -> None:
        raise error

    monkeypatch.setattr(import_module(VERBS["demo"][0]), "command", command)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_verb(capsys, option):
    assert main([option]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.partition("Commands:")[2].split("\n\n")[0].strip().split("\n")] == list(
        dict.fromkeys(verb.split()[0] for verb in VERBS)
    )


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(capsys, verb):
    assert main([*verb.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: crosspan {verb}")
    assert out.count("--debug") == 1


@pytest.mark.parametrize("statement", ["import crosspan.cli.main", "import crosspan"])
def test_nothing_heavy_is_imported_at_the_start(statement):
    code = f"{statement}; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"crosspan {crosspan.__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [(["projekt"], "There is no command 'projekt'. Did you mean 'project'?"),
     (["Evaluate"], "Did you mean 'evaluate'?"),
     (["review", "aply"], "There is no command 'review aply'. Did you mean 'apply'?"),
     (["zzz"], "There is no command 'zzz'. Choose one of project, align"),
     (["convert", "a", "b", "--schema", "IOB2"], "--scheme"),
     (["--hlep"], "--help"),
     (["convert"], "Missing argument")],
)  # fmt: skip
def test_wrong_use(capsys, words, message):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [(FormatError("3 columns", where="a.conll:7", hint="Mend it."), "crosspan: a.conll:7: 3 columns. Mend it.\n", 1),
     (OptionError("no such method"), "crosspan: no such method.\n", 2),
     (KeyboardInterrupt(), "\ncrosspan: interrupted; no output file was left half-written.\n", 1),
     (OSError(28, "No space left on device", "/x/y"),
      "crosspan: /x/y: no space left on device. Free space, or let TMPDIR name a larger disk.\n", 1),
     (ConnectionRefusedError(111, "Connection refused"),
      "crosspan: connection refused. Check the server and the way to it, and run it again.\n", 1),
     (RuntimeError("CUDA error: device lost"),
      "crosspan: the work cannot go on (RuntimeError: CUDA error: device lost). No sentence is at fault: run it again "
      "when that is mended; a run goes on from what it has finished.\n", 1),
     (MemoryError(), "crosspan: there is not enough memory. Free some, or split very long sentences.\n", 1),
     (ZeroDivisionError("division by zero\nmore"),
      "crosspan: an error that should not happen: ZeroDivisionError: division by zero. Please report it, with what the "
      "same command prints when you add --debug.\n", 1)],
)  # fmt: skip
def test_errors_are_one_paragraph(capsys, monkeypatch, error, message, code):
    failing(monkeypatch, error)
    assert main(["demo"]) == code
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("words", [["--debug", "demo"], ["demo", "--debug"]])
def test_debug_shows_the_traceback(capsys, monkeypatch, words):
    failing(monkeypatch, FormatError("3 columns", where="a.conll:7"))
    assert main(words) == 1
    assert "Traceback" in capsys.readouterr().err


def test_exit_code_of_a_verb_is_kept(monkeypatch):
    failing(monkeypatch, SystemExit(3))
    assert main(["demo"]) == 3


def test_signal_that_compiled_code_turned_into_another_error(capsys, monkeypatch):
    def interrupted(self):
        self.came = True
        return self

    monkeypatch.setattr(module._Interruption, "__enter__", interrupted)
    failing(monkeypatch, SystemError("returned a result with an exception set"))
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == "crosspan: interrupted; no output file was left half-written.\n"


def test_python_runs_the_command_line_too():
    done = subprocess.run([sys.executable, "-m", "crosspan", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"crosspan {crosspan.__version__}\n")


def test_python_names_are_found_when_used():
    assert set(crosspan.__all__) <= set(dir(crosspan))
    for name in crosspan.__all__:
        assert getattr(crosspan, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        crosspan.nonsense  # noqa: B018


SIGNALLED = """
import os, signal, sys
from crosspan.cli import main
signal.signal(signal.SIGHUP, signal.SIG_IGN if sys.argv[2] == "nohup" else signal.SIG_DFL)
text = "import os, time; os.kill(os.getpid(), int(sys.argv[1])); time.sleep(9 if sys.argv[2] != 'nohup' else 0)"
main.cli.main = lambda *words, **how: exec(text)
sys.exit(main.main([]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(
    ("number", "how", "code"),
    [(signal.SIGINT, "", 1), (signal.SIGTERM, "", 1), (signal.SIGHUP, "", 1), (signal.SIGHUP, "nohup", 0)],
)
def test_the_exit_code_of_an_interruption(tmp_path, number, how, code):
    """Also where Python was running a text as code, and was itself started to run a module."""
    (tmp_path / "signalled.py").write_text(SIGNALLED)
    words = [sys.executable, "-m", "signalled", str(int(number)), how]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    said = "crosspan: interrupted; no output file was left half-written.\n" if code else ""
    assert (done.returncode, done.stderr) == (code, said)
