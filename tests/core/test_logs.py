from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from crosspan.core.logs import ROOT, logger_of, warn
from crosspan.models.batching import SmallerBatch


def test_a_warning_is_logged_under_the_module_of_its_category(caplog):
    with pytest.warns(SmallerBatch, match="memory ran out") as told:
        warn("memory ran out", SmallerBatch)
    assert told[0].filename == __file__
    (record,) = caplog.records
    assert (record.name, record.levelno, record.message) == (
        "crosspan.models.batching",
        logging.WARNING,
        "memory ran out",
    )


def test_foreign_categories_are_logged_under_the_name_of_the_package(caplog):
    with pytest.warns(UserWarning, match="100% sure"):
        warn("100% sure", UserWarning)
    assert [(record.name, record.message) for record in caplog.records] == [(ROOT, "100% sure")]


def test_nothing_is_written_by_itself():
    code = "from crosspan.core.logs import logger_of; logger_of('crosspan.io.hf').warning('hear me')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_a_program_that_sets_logging_up_hears_us():
    code = (
        "import logging; logging.basicConfig(level='INFO');"
        "from crosspan.core.logs import logger_of; logger_of('crosspan.io.hf').info('hear me')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "INFO:crosspan.io.hf:hear me\n"
    assert logger_of("crosspan.io.hf").parent is logging.getLogger("crosspan")
