"""Writes truths.txt: function, arguments, and the value as a sum of two doubles, all in bits, by mpmath.

python3 truths.py COUNT > truths.txt
"""
import random
import struct
import sys
from mpmath import mp, mpf
import mpmath

count = int(sys.argv[1])
random.seed(7)


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def number(b):
    return struct.unpack("<d", struct.pack("<Q", b))[0]


def uniform(low, high):
    return random.uniform(low, high)


def any_between(low, high):
    """Spaced as floating-point numbers are."""
    return number(random.randint(bits(low), bits(high)))


def signed(x):
    return x if random.random() < 0.5 else -x


MAX, TINY = 1.7976931348623157e308, 5e-324
ALL = lambda: signed(any_between(TINY, MAX))
POSITIVE = lambda: any_between(TINY, MAX)


def ordinary(*intervals):
    return [(lambda a=a, b=b: uniform(a, b)) for a, b in intervals]


def near(points, width=1e-3):
    return lambda: random.choice(points) * (1 + signed(any_between(1e-16, width)))


def turns():
    """Close to multiples of a quarter turn."""
    return float(mpmath.nint(any_between(1.0, 1e15)) * mp.pi / 2)


# The arguments that come closest to multiples of π/2. Source: Muller, Elementary Functions, section 11.1.
HARD = [6381956970095103.0 * 2.0**797, 3.14159265358979312, 1.5707963267948966, 4.71238898038469, 5.319372648326541e255]


def hard():
    return signed(random.choice(HARD))


CIRCLE = [ALL, lambda: signed(any_between(1e12, MAX)), turns, hard] + ordinary((-7, 7), (-1e5, 1e5), (-2e12, 2e12))
UNIT = [lambda: signed(any_between(TINY, 1.0))] + ordinary((-1, 1), (0.45, 0.55)) + [lambda: signed(1 - any_between(1e-16, 1e-2))]
LOG = [POSITIVE, near([1.0]), near([2.0, 0.5, 10.0, 0.1])] + ordinary((0, 4), (0.5, 2))


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def normal_cdf(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


TABLE = {
    "tan": (mpmath.tan, CIRCLE),
    "sin": (mpmath.sin, CIRCLE),
    "cos": (mpmath.cos, CIRCLE),
    "sinh": (mpmath.sinh, [ALL] + ordinary((-710.5, 710.5), (-2, 2), (0.3, 0.4), (15, 22))),
    "cosh": (mpmath.cosh, [ALL] + ordinary((-710.5, 710.5), (-2, 2), (0.3, 0.4), (15, 22))),
    "asinh": (mpmath.asinh, [ALL] + ordinary((-3, 3), (-0.5, 0.5), (-1e3, 1e3)) + [near([2.0**29])]),
    "acosh": (mpmath.acosh, [lambda: any_between(1.0, MAX), lambda: 1 + any_between(1e-16, 1.0), near([2.0**29])] + ordinary((1, 4), (1, 1.3), (1, 1e3))),
    "atanh": (mpmath.atanh, UNIT + ordinary((-0.2, 0.2), (0.16, 0.18))),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), [ALL, lambda: signed(any_between(TINY, 1e-307))] + ordinary((-4, 4))),
    "exp2": (lambda x: mpf(2) ** x, [ALL] + ordinary((-1075, 1024), (-2, 2), (-1074, -1020))),
    "log2": (lambda x: mpmath.log(x) / mpmath.log(2), LOG),
    "log10": (lambda x: mpmath.log(x) / mpmath.log(10), LOG),
    "asin": (mpmath.asin, UNIT),
    "acos": (mpmath.acos, UNIT),
    "exp": (mpmath.exp, [ALL] + ordinary((-745, 709.7), (-2, 2))),
    "exp_m1": (mpmath.expm1, [ALL] + ordinary((-40, 709.7), (-2, 2), (-0.1, 0.1))),
    "ln": (mpmath.log, LOG),
    "ln_1p": (mpmath.log1p, [POSITIVE, lambda: -any_between(TINY, 1.0)] + ordinary((-1, 3), (-0.4, 0.5))),
    "tanh": (mpmath.tanh, [ALL] + ordinary((-1.5, 1.5), (-20, 20))),
    "sigmoid": (sigmoid, [lambda: signed(any_between(TINY, 700.0))] + ordinary((-8, 8), (-700, 40))),
    "erf": (mpmath.erf, [ALL] + ordinary((-6, 6), (-1.3, 1.3))),
    "normal_cdf": (normal_cdf, [lambda: signed(any_between(TINY, 37.0))] + ordinary((-37.5, 9), (-2, 2))),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), [lambda: signed(any_between(TINY, 700.0))] + ordinary((-8, 8), (-700, 40))),
    "atan": (mpmath.atan, [ALL, near([0.41421356, 2.41421356, 1.0], 0.1)] + ordinary((-3, 3), (-0.5, 0.5))),
}


def alike():
    """Two numbers whose quotient is not far from 1, or a power of two from it."""
    a = ALL()
    return a, signed(min(max(abs(a) * 2.0 ** uniform(-6, 6), TINY), MAX))


def power():
    """A base, and an exponent that leads to a finite number."""
    a = random.choice([POSITIVE, near([1.0], 0.3), near([1.0], 1e-6), lambda: uniform(0, 10)])()
    size = abs(mpmath.log(a))
    b = uniform(-745, 709.7) / float(size) if size else 1.0
    return a, min(max(b, -MAX), MAX)


PAIRS = {
    "atan2": (mpmath.atan2, [lambda: (ALL(), ALL()), alike, lambda: (uniform(-3, 3), uniform(-3, 3))]),
    "hypot": (mpmath.hypot, [lambda: (ALL(), ALL()), alike, lambda: (uniform(-3, 3), uniform(-3, 3))]),
    "powf": (lambda a, b: mpmath.power(a, b), [power, lambda: (uniform(0, 10), uniform(-10, 10))]),
}


def line(name, f, arguments):
    mp.dps = 400 if name in ("sin", "cos", "tan") else 120
    y = f(*[mpf(x) for x in arguments])
    if isinstance(y, mpmath.mpc):
        return
    hi = float(y)
    if abs(hi) > MAX or abs(y) > mpf(MAX):
        return
    lo = float(y - mpf(hi))
    print(name, *["%x" % bits(x) for x in (*arguments, hi, lo)])


for name, (f, families) in TABLE.items():
    for i in range(count):
        line(name, f, (families[i % len(families)](),))
for name, (f, families) in PAIRS.items():
    for i in range(count):
        line(name, f, families[i % len(families)]())
