import json
import subprocess
import sys

import pytest

import medialens.media.segment as package


def test_the_ways_to_cut_are_names_of_the_package():
    assert list(package.__all__) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'split_books'"):
        _ = package.split_books


def test_importing_the_package_imports_no_decoder():
    code = "import json, sys, medialens.media.segment; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    assert not set(json.loads(done.stdout)) & {"av", "PIL", "numpy", "pypdfium2", "scenedetect", "cv2", "torch"}
