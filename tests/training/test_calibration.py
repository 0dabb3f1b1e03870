import numpy as np
import pytest

from medialens.training.calibration import CANDIDATES_A_MATCH, Calibration, fit_calibration


def test_it_finds_the_scale_and_bias_that_made_the_data():
    # Cosines are spread evenly; whether one is a match is drawn by the true probability.
    chance = np.random.default_rng(0)
    cosines = chance.uniform(-1, 1, 400_000)
    truth = Calibration(scale=9.0, bias=-4.0)
    matches = chance.random(cosines.size) < truth.probability(cosines)
    fitted = fit_calibration(cosines, matches)
    # Weighting one match in 20 instead of the data's share moves the bias by the difference of the log odds.
    share = matches.mean()
    shift = np.log((1 / CANDIDATES_A_MATCH) / (1 - 1 / CANDIDATES_A_MATCH)) - np.log(share / (1 - share))
    assert fitted.scale == pytest.approx(truth.scale, rel=0.03)
    assert fitted.bias == pytest.approx(truth.bias + shift, rel=0.03)


def test_probabilities_rise_with_the_cosine():
    probabilities = Calibration(scale=3.0, bias=-1.0).probability(np.linspace(-1, 1, 9))
    assert np.all(np.diff(probabilities) > 0)
    assert probabilities[0] == pytest.approx(1 / (1 + np.exp(4.0)))
