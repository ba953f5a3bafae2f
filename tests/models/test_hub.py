"""A download is said before it begins, and a hub that cannot be reached is found out at once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crosspan.core.errors import ModelError
from crosspan.models import hub as module
from crosspan.models.hub import fetching


class Session:
    def __init__(self, trouble):
        self.trouble = trouble
        self.asked = []

    def head(self, url, timeout):
        self.asked.append((url, timeout))
        if self.trouble:
            raise OSError(self.trouble)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub that is reachable or not, with a cache of its own."""
    monkeypatch.setattr(module, "_ANSWERS", {})
    module._announce.cache_clear()

    def make(trouble="", offline=False):
        session = Session(trouble)
        constants = SimpleNamespace(HF_HUB_OFFLINE=offline, HF_HUB_CACHE=str(tmp_path), ENDPOINT="https://hub.example")
        return SimpleNamespace(constants=constants, get_session=lambda: session, session=session)

    return make


def downloaded(tmp_path, name):
    (tmp_path / f"models--{name.replace('/', '--')}" / "snapshots" / "abc").mkdir(parents=True)


def test_a_download_is_said_once(hub, caplog):
    made = hub()
    assert fetching("google/mt5-small", made) == {}
    assert fetching("google/mt5-small", made) == {}
    assert [one.getMessage() for one in caplog.records] == [
        "crosspan: google/mt5-small is not on this machine: downloading it from https://hub.example"
    ]
    assert made.session.asked == [("https://hub.example", module.TIMEOUT)]


def test_what_is_here_is_not_announced(hub, tmp_path, caplog):
    downloaded(tmp_path, "google/mt5-small")
    assert fetching("google/mt5-small", hub()) == {}
    assert caplog.records == []


def test_without_a_network_it_fails_at_once_and_says_what_to_name(hub):
    made = hub("no route")
    with pytest.raises(ModelError, match="the model is not at hand, and the hub cannot be asked for it") as caught:
        fetching("google/mt5-small", made)
    assert "no route" in str(caught.value)
    assert "Give the path of a folder" in caught.value.hint
    with pytest.raises(ModelError):
        fetching("google/mt5-base", made)
    assert len(made.session.asked) == 1


def test_without_a_network_what_was_downloaded_is_used(hub, tmp_path):
    downloaded(tmp_path, "google/mt5-small")
    assert fetching("google/mt5-small", hub("no route")) == {"local_files_only": True}


def test_an_offline_mode_asks_nobody(hub, tmp_path):
    made = hub(offline=True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        fetching("google/mt5-small", made)
    assert made.session.asked == []


def test_a_folder_is_no_name(hub, tmp_path):
    made = hub("no route")
    assert fetching(str(tmp_path), made) == fetching("./none", made) == {}
    assert made.session.asked == []
