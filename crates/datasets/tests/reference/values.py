"""Prints the values of values.txt: what NumPy 2.4.6 and scikit-learn 1.9.1 give.

    python values.py > values.txt

One array a line: its name, its shape (such as 200x2), its elements.
"""

import warnings

import numpy as np
from sklearn.datasets import make_blobs, make_circles, make_classification, make_moons, make_regression
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler


# The labels of split/4.
LABELS = np.array([int(digit) for digit in
                   "200221200010201110011120110102"
                   "021101010102121120020111112001"])


def put(name, array):
    array = np.asarray(array)
    shape = "x".join(str(n) for n in array.shape)
    print(name, shape, *(repr(value) for value in array.ravel().tolist()))


def random_state(seed):
    rng = np.random.RandomState(seed)
    put(f"random_state/{seed}/random_sample", rng.random_sample(20))
    put(f"random_state/{seed}/randn", rng.randn(21))
    put(f"random_state/{seed}/normal", rng.normal(2, 0.5, 6))
    put(f"random_state/{seed}/uniform", rng.uniform(-3, 5, 7))
    put(f"random_state/{seed}/randint", rng.randint(0, 10, 30))
    put(f"random_state/{seed}/randint_wide", rng.randint(0, 2**40, 5))
    put(f"random_state/{seed}/permutation", rng.permutation(25))
    shuffled = np.arange(12)
    rng.shuffle(shuffled)
    put(f"random_state/{seed}/shuffle", shuffled)
    put(f"random_state/{seed}/choice", rng.choice(50, 8, replace=False))
    put(f"random_state/{seed}/rand", rng.rand(3))


def randint_ranges():
    rng = np.random.RandomState(11)
    i64 = np.iinfo(np.int64)
    put("randint/word", rng.randint(0, 2**32, 4))
    put("randint/word_and_one", rng.randint(0, 2**32 + 1, 4))
    put("randint/negative", rng.randint(-7, -2, 8))
    put("randint/single", rng.randint(5, 6, 2))
    put("randint/all", rng.randint(i64.min, i64.max, 4))
    put("randint/then", rng.randint(0, 100, 4))


def generated(name, function, **arguments):
    x, y = function(**arguments)
    put(f"{name}/x", x)
    put(f"{name}/y", y)


def moons():
    for name, arguments in enumerate([
        dict(n_samples=200, noise=0.1, random_state=42),
        dict(n_samples=7, noise=None, shuffle=False),
        dict(n_samples=50, noise=0.3, random_state=0),
        dict(n_samples=(5, 8), noise=0.05, random_state=3),
        dict(n_samples=31, shuffle=True, random_state=9),
        dict(n_samples=1, noise=0.2, random_state=5),
        dict(n_samples=(0, 3), shuffle=False, random_state=5),
    ]):
        generated(f"moons/{name}", make_moons, **arguments)


def classification():
    for name, arguments in enumerate([
        dict(n_samples=100, n_features=2, n_redundant=0, n_informative=2,
             n_clusters_per_class=1, random_state=42),
        dict(n_samples=80, n_features=6, n_informative=3, n_redundant=2, n_classes=3,
             n_clusters_per_class=1, random_state=0),
        dict(n_samples=60, n_features=5, n_informative=3, n_redundant=1, n_repeated=1,
             n_clusters_per_class=2, class_sep=1.7, flip_y=0.1, random_state=5),
        dict(n_samples=40, n_features=4, n_informative=2, n_redundant=0, weights=[0.7],
             shuffle=False, random_state=8),
        # Few of many vertices; then more dimensions than tell vertices apart.
        dict(n_samples=6, n_features=12, n_informative=10, random_state=2),
        dict(n_samples=4, n_features=35, n_informative=33, random_state=3),
        # More clusters than samples, weights that leave some over, labels all random.
        dict(n_samples=9, n_features=5, n_informative=4, n_redundant=0, n_repeated=1,
             n_classes=5, n_clusters_per_class=3, random_state=4),
        dict(n_samples=25, n_features=3, n_informative=2, n_redundant=0, n_classes=3,
             n_clusters_per_class=1, weights=[0.1, 0.2, 0.3], flip_y=0.0, random_state=6),
        dict(n_samples=12, n_features=2, n_informative=2, n_redundant=0, n_classes=3,
             n_clusters_per_class=1, weights=[0.7, 0.2], flip_y=1.0, random_state=7),
    ]):
        generated(f"classification/{name}", make_classification, **arguments)


def splits():
    def put_split(name, n, labels=None, **arguments):
        if labels is not None:
            put(f"split/{name}/labels", labels)
        train, test = train_test_split(np.arange(n), stratify=labels, **arguments)
        put(f"split/{name}/train", train)
        put(f"split/{name}/test", test)

    put_split("0", 100, test_size=0.2, random_state=42)
    put_split("1", 17, test_size=0.25, random_state=0)
    put_split("2", 30, test_size=7, random_state=3)
    put_split("3", 20, test_size=0.3, shuffle=False)
    put_split("4", 60, LABELS, test_size=0.25, random_state=1)
    # Ties between classes of one size; labels that are not 0, 1, 2.
    put_split("5", 35, np.arange(35) % 7, test_size=10, random_state=12)
    put_split("6", 23, np.arange(23) ** 2 % 5 * 10 - 7, test_size=0.4, random_state=13)
    put_split("7", 2, test_size=0.5, random_state=14)
    # Of 23, the classes get 6.9, 6.9, 4.6 and 4.6: both of the first are rounded up.
    put_split("8", 30, np.repeat([0, 1, 2, 3], [9, 9, 6, 6]), test_size=7, random_state=15)


def circles():
    for name, arguments in enumerate([
        dict(n_samples=100, noise=0.05, factor=0.5, random_state=42),
        dict(n_samples=9, shuffle=False, factor=0.0),
        dict(n_samples=(6, 4), factor=0.3, noise=0.1, random_state=4),
        dict(n_samples=(0, 3), random_state=6),
    ]):
        generated(f"circles/{name}", make_circles, **arguments)


def blobs():
    for name, arguments in enumerate([
        dict(n_samples=61, centers=3, random_state=42),
        dict(n_samples=20, centers=4, n_features=3, cluster_std=0.3, random_state=1, center_box=(-2.0, 2.0)),
        dict(n_samples=[5, 9, 2], random_state=7, cluster_std=[0.5, 1.0, 2.0], shuffle=False),
        dict(n_samples=7, centers=np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 100.0]]), random_state=3),
        dict(n_samples=[3, 0, 4], centers=np.array([[1.0], [5.0], [9.0]]), random_state=2),
        dict(n_samples=5, random_state=9),
    ]):
        generated(f"blobs/{name}", make_blobs, **arguments)


def regression():
    for name, arguments in enumerate([
        dict(n_samples=30, n_features=5, n_informative=2, noise=0.5, random_state=42),
        dict(n_samples=8, n_features=3, bias=-7.5, random_state=1),
        dict(n_samples=6, n_features=4, n_informative=1, shuffle=False, noise=2.0, random_state=2),
    ]):
        x, y, w = make_regression(coef=True, **arguments)
        put(f"regression/{name}/x", x)
        put(f"regression/{name}/y", y)
        put(f"regression/{name}/w", w)


def folds():
    def put_folds(name, splitter, n, labels=None):
        if labels is not None:
            put(f"folds/{name}/labels", labels)
        of = np.empty(n, dtype=int)
        for fold, (train, test) in enumerate(splitter.split(np.zeros((n, 1)), labels)):
            assert np.array_equal(np.sort(train), train) and np.array_equal(np.sort(test), test)
            of[test] = fold
        put(f"folds/{name}", of)

    put_folds("0", KFold(3), 11)
    put_folds("1", KFold(4, shuffle=True, random_state=5), 23)
    put_folds("2", StratifiedKFold(5), 60, LABELS)
    put_folds("3", StratifiedKFold(4, shuffle=True, random_state=8), 60, LABELS)
    # Labels that are not 0, 1, 2 and classes smaller than the number of folds.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        put_folds("4", StratifiedKFold(6, shuffle=True, random_state=2), 23, np.arange(23) ** 2 % 5 * 10 - 7)


def scalers():
    rng = np.random.RandomState(20)
    x = rng.normal(size=(7, 5)) * [1, 1e-9, 1e6, 0, 3] + [0, 1, 1e8, 0.1, -2]
    x[2, 4] = np.nan
    new = x[:2] + 0.5
    put("scale/x", x)
    put("scale/new", new)
    for name, scaler in enumerate([
        StandardScaler(),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        MinMaxScaler(),
        MinMaxScaler(feature_range=(-3, 5)),
        MinMaxScaler(feature_range=(-1, 1), clip=True),
    ]):
        scaler.fit(x)
        z = scaler.transform(new)
        put(f"scale/{name}/z", z)
        put(f"scale/{name}/back", scaler.inverse_transform(z))


for seed in [0, 42, 4294967295]:
    random_state(seed)
randint_ranges()
moons()
classification()
splits()
circles()
blobs()
regression()
folds()
scalers()
