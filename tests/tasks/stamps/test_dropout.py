"""Samples with dropout left on, against Keras."""

from __future__ import annotations

import numpy as np
import pytest

from scope.tasks.stamps.normalise import Normalisation, normalised

SIZE = 21


@pytest.fixture(scope="module")
def stamps():
    noise = np.random.default_rng(5).normal(size=(8, SIZE, SIZE, 4))
    noise[:4, 9:12, 9:12] += 4
    return normalised(noise, Normalisation("l2"))


def test_dropout_samples_are_those_of_keras_in_mean_and_spread(stamps):
    import keras

    from gotorb import classifier, models

    keras.utils.set_random_seed(4)
    model = models.bayesian_vgg6((SIZE, SIZE, 4), 0.1)
    stamps = stamps[:6]
    n = 120
    samples = classifier.dropout_pred(model, stamps, nsamples=n)
    assert samples.shape == (6, n)
    theirs = np.stack([model(stamps, training=True).numpy()[:, 0] for _ in range(n)], axis=1)
    error = np.sqrt((samples.var(axis=1) + theirs.var(axis=1)) / n)
    assert (np.abs(samples.mean(axis=1) - theirs.mean(axis=1)) < 5 * error).all()
    assert samples.std(axis=1) == pytest.approx(theirs.std(axis=1), rel=0.4)
    one = classifier.dropout_pred(model, stamps[2], nsamples=7)
    assert one.shape == (7,)
    # Rows keep their masks whoever stands beside them.
    few = classifier.dropout_pred(model, stamps[:3], nsamples=n)
    assert np.allclose(few, samples[:3], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vgg6", {}),
        ("bayesian_vgg6", {"dropout_prob": 0.02}),
        ("bayesian_vgg6", {"dropout_prob": 0.2}),
        ("bayesian_sepconvnet", {"dropout_prob": 0.1}),
    ],
)
def test_samples_are_those_of_keras_with_the_same_masks(stamps, name, options):
    """A pass of Keras' own layers for each sample, with the masks put in by hand."""
    from gotorb import classifier, models

    model = models.find_architecture(name)((SIZE, SIZE, 4), **options)
    stamps = stamps[:3]
    network = classifier.network_of(model)
    n, seed = 12, 3
    samples = network.samples(stamps, n, seed=seed)
    kept = network._sampler.keep(range(3), n, seed)
    for row in range(3):
        masks = iter([one[row].astype(np.float32) for one in kept])
        values = np.repeat(stamps[row : row + 1], n, axis=0)
        for layer in model.layers:
            if "Dropout" not in type(layer).__name__:
                values = layer(values)
                continue
            # Channels are last in Keras, and one mask of a channel is for all its pixels.
            mask = next(masks).reshape(n, *(1,) * (len(values.shape) - 2), -1)
            values = values * mask / (1 - layer.rate)
        assert np.allclose(samples[row], np.asarray(values)[:, 0], atol=1e-5)
    assert np.std(samples, axis=1).min() > 0


def test_a_network_without_dropout_has_samples_that_are_its_score(stamps):
    from keras import Input, Sequential, layers

    from gotorb import classifier

    model = Sequential([Input((SIZE, SIZE, 4)), layers.Flatten(), layers.Dense(1, "sigmoid")])
    stamps = stamps[:2]
    network = classifier.network_of(model)
    assert (network.samples(stamps, 3) == network.scores(stamps)[:, None]).all()
