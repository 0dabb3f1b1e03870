"""Broken files of every kind: none ends the process, none takes long, each error is one of ours and has its place."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.media.fuzzing import CPU_SECONDS, SEEDS, mutant

N_PER_KIND = 50
ROOT = Path(__file__).parents[2]
TIFF = [kind for kind in SEEDS if kind.startswith("tiff")]
OTHERS = [kind for kind in SEEDS if kind not in TIFF]


def test_there_are_enough_of_them():
    assert N_PER_KIND * len(SEEDS) >= 2000


def test_mutants_are_the_same_every_time_and_differ_from_each_other():
    original = SEEDS["png"]()
    made = [mutant("png", 0, number, original) for number in range(50)]
    assert made == [mutant("png", 0, number, original) for number in range(50)]
    assert len({original, *made}) > 45


@pytest.mark.timeout(1800)
@pytest.mark.skipif(not hasattr(signal, "ITIMER_PROF"), reason="this system does not measure CPU time by signals")
@pytest.mark.parametrize("kinds", [TIFF, OTHERS], ids=["tiff", "others"])
def test_no_mutant_costs_the_process_or_takes_long_and_each_error_is_ours(kinds):
    command = [sys.executable, "-W", "ignore::UserWarning:PIL.TiffImagePlugin", "-m", "tests.media.fuzzing"]
    run = subprocess.run(
        [*command, "0", "0", str(N_PER_KIND), *kinds],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    said = [json.loads(line) for line in run.stdout.splitlines()]
    last = said[-1][:2] if said else "the beginning"
    assert run.returncode == 0, f"ended with {run.returncode} at {last}: {run.stderr[-2000:]}"
    looked_at = [one for one in said if len(one) > 2]
    assert Counter(kind for kind, *_ in looked_at) == dict.fromkeys(kinds, N_PER_KIND)
    not_ours = [one for one in looked_at if any(":" in outcome or " " in outcome for outcome in one[2])]
    assert not not_ours
    assert max(seconds for *_, seconds in looked_at) < CPU_SECONDS
    failed = {kind for kind, _, outcomes, _ in looked_at if any(outcomes)}
    assert failed == set(kinds)  # mutants are broken indeed
    # libtiff writes what it finds wrong to stderr, and Pillow lets nobody tell it otherwise.
    assert kinds is TIFF or not run.stderr
