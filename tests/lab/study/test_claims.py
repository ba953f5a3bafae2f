from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from crosspan.core.progress import Progress
from crosspan.lab.study.claims import Claim, ClaimLost, Claims, _host


def aged(claims, key, seconds):
    then = time.time() - seconds
    os.utime(claims.path(key), (then, then))


def test_only_one_of_many_threads_gets_a_claim(tmp_path):
    claims = Claims(tmp_path / "c")
    found = []
    gate = threading.Barrier(8)

    def take():
        gate.wait()
        claim = claims.take("a")
        if claim is not None:
            found.append(claim)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 1


def test_only_one_takes_over_what_is_stale(tmp_path):
    claims = Claims(tmp_path / "c", stale_s=5)
    for _ in range(5):
        claims.path("a").write_text(json.dumps({"token": "x", "host": "elsewhere", "pid": 1}))
        aged(claims, "a", 60)
        found = []
        gate = threading.Barrier(6)

        def take(gate=gate, found=found):
            gate.wait()
            found.append(claims.take("a"))

        threads = [threading.Thread(target=take) for _ in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        taken = [one for one in found if one is not None]
        assert len(taken) == 1
        assert json.loads(claims.path("a").read_text())["token"] == taken[0].token
        claims.path("a").unlink()


def test_a_claim_of_a_process_that_lives_elsewhere_is_left_alone(tmp_path):
    claims = Claims(tmp_path / "c", stale_s=30)
    claims.path("a").write_text(json.dumps({"token": "x", "host": "elsewhere", "pid": 1}))
    assert claims.take("a") is None
    assert claims.held() == 1
    aged(claims, "a", 60)
    assert claims.held() == 0
    assert claims.take("a") is not None


@pytest.mark.skipif(os.name == "nt", reason="processes are not asked whether they live there")
def test_a_claim_of_a_process_that_was_killed_here_is_taken_over_at_once(tmp_path):
    claims = Claims(tmp_path / "c")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    claims.path("a").write_text(json.dumps({"token": "x", "host": _host(), "pid": gone.pid}))
    assert claims.take("a") is not None


def test_a_claim_that_cannot_be_read_counts_by_its_age(tmp_path):
    claims = Claims(tmp_path / "c", stale_s=5)
    claims.path("a").write_text("{")
    assert claims.take("a") is None
    aged(claims, "a", 60)
    assert claims.take("a") is not None


def test_a_lock_left_by_a_killed_process_does_not_stay_for_ever(tmp_path):
    claims = Claims(tmp_path / "c", stale_s=5)
    claims.path("a").write_text("{")
    aged(claims, "a", 60)
    lock = claims.folder / "a.takeover"
    lock.touch()
    os.utime(lock, (time.time() - 60, time.time() - 60))
    assert claims.take("a") is None  # which removes the lock
    assert claims.take("a") is not None


def test_a_claim_is_touched_while_it_is_held_and_then_given_back(tmp_path):
    claims = Claims(tmp_path / "c", beat_s=0.05)
    with claims.take("a"):
        aged(claims, "a", 100)
        deadline = time.time() + 10
        while time.time() - claims.path("a").stat().st_mtime > 50 and time.time() < deadline:
            time.sleep(0.02)
        assert time.time() - claims.path("a").stat().st_mtime < 50
    assert not claims.path("a").exists()


def test_who_lost_a_claim_is_told_and_leaves_it_alone(tmp_path):
    claims = Claims(tmp_path / "c", beat_s=0.02)
    with claims.take("a") as claim:
        claims.path("a").write_text(json.dumps({"token": "y", "host": "elsewhere", "pid": 1}))
        advance = claim.guarded(None)

        def work():
            for _ in range(500):
                time.sleep(0.02)
                advance(Progress("training", 1, 2))

        with pytest.raises(ClaimLost, match="taken over"):
            work()
    assert json.loads(claims.path("a").read_text())["token"] == "y"


def test_progress_goes_through_a_guard(tmp_path):
    seen = []
    Claim(Claims(tmp_path / "c"), "a").guarded(seen.append)(Progress("training", 1, 2))
    assert seen == [Progress("training", 1, 2)]
