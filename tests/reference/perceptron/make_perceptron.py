"""Makes perceptron.safetensors, the numbers that the perceptron is held against.

The first teaching document trains Rosenblatt's perceptron one sample at a time: a step activation that is 1 at
and above zero, learning rate 0.01, weights and bias zero at the start, samples in stored order. The update is
written out here once more, and the weights and the bias are recorded after every sample of the first pass,
where an error of order shows at once, and after every pass on a second data set that no line separates, where
the weights never come to rest. Needs NumPy 2.4.6, scikit-learn 1.9.1 and safetensors; run as
`python make_perceptron.py`, and the file is written beside this script.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.optimize import linprog
from sklearn.datasets import make_classification

LEARNING_RATE = 0.01


def train(X, y, passes):
    """Weights and bias after every sample of the first pass and after every pass, and the errors of each pass."""
    weights, bias = np.zeros(X.shape[1]), 0.0
    first_pass, after, errors = [], [], []
    for number in range(passes):
        wrong = 0
        for sample, label in zip(X, y):
            predicted = 1 if np.dot(sample, weights) + bias >= 0 else 0
            wrong += int(predicted != label)
            step = LEARNING_RATE * (label - predicted)
            weights = weights + step * sample
            bias = bias + step
            if number == 0:
                first_pass.append([*weights, bias])
        after.append([*weights, bias])
        errors.append(wrong)
    return np.array(first_pass), np.array(after), errors


def separable(X, y):
    """Whether a line separates the classes: a linear programme, so that the answer needs no training."""
    signed = np.where(y == 1, 1.0, -1.0)[:, None] * np.c_[X, np.ones(len(X))]
    return linprog(np.zeros(3), A_ub=-signed, b_ub=-np.ones(len(X)), bounds=(None, None)).status == 0


def main():
    common = dict(n_samples=100, n_features=2, n_redundant=0, n_informative=2, n_clusters_per_class=1)
    easy_X, easy_y = make_classification(**common, random_state=42)
    hard_X, hard_y = make_classification(**common, flip_y=0.2, class_sep=0.5, random_state=7)

    easy_first, _, easy_errors = train(easy_X, easy_y, 100)
    hard_first, hard_passes, hard_errors = train(hard_X, hard_y, 100)
    assert separable(easy_X, easy_y) and easy_errors[-1] == 0
    assert not separable(hard_X, hard_y) and min(hard_errors) > 0

    arrays = {
        "separable/X": easy_X,
        "separable/y": easy_y.astype(np.int64),
        "separable/first_pass": easy_first,
        "overlapping/X": hard_X,
        "overlapping/y": hard_y.astype(np.int64),
        "overlapping/first_pass": hard_first,
        "overlapping/passes": hard_passes,
    }
    arrays = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
    save_file(arrays, Path(__file__).parent / "perceptron.safetensors")
    print("errors per pass, separable:", easy_errors[:5], "overlapping: from", min(hard_errors), "to", max(hard_errors))


if __name__ == "__main__":
    main()
