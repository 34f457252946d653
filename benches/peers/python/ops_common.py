"""What PyTorch and JAX share when they are timed op by op: the list, the numbers, the clock, the answers.

A script is called as `SCRIPT THREADS SECONDS`. For each line `NAME forward` or `NAME gradient` that it reads, it prints a
line of JSON, as `rust/ops` does. `ops.txt` says what the kinds of numbers are.
"""

from common import SECONDS, lcg, np
import functools
import json
import pathlib
import sys
import time

LIST = pathlib.Path(__file__).parent.parent / "ops.txt"
LINES = [line.split() for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
INPUTS = {name: [word.split(":") for word in words if ":" in word] for name, *words in LINES}


def mixed(count):
    """The numbers k/2^20, each once, in an order that shows no pattern."""
    mask = np.uint64(2**20 - 1)
    v = (np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B1)) & mask
    v = ((v ^ (v >> np.uint64(10))) * np.uint64(0x85EBCA6B)) & mask
    return (v ^ (v >> np.uint64(9))) / 2.0**20


@functools.lru_cache(maxsize=16)
def numbers(kind, shape, seed):
    shape = [int(n) for n in shape.split("x")]
    u = mixed(np.prod(shape)).reshape(shape) if kind == "m" else lcg(seed, *shape, dtype=np.float64)
    match kind[0]:
        case "p":
            u = u + 1.5
        case "o":
            u = 1.0 + u / 20.0
        case "s":
            u = (u + u.T) / 2
        case "d":
            u = (u + u.T) / 2 + 32.0 * np.eye(len(u))
        case "w":
            u = u + 20.0 * np.eye(len(u))
        case "i":
            return np.floor((u + 1.0) / 2.0 * int(kind[1:])).astype(np.int64)
    return u.astype(np.float32)


def inputs(name, first_seed):
    return [numbers(kind, shape, first_seed + k) for k, (kind, shape) in enumerate(INPUTS[name])]


def is_places(x):
    return x.dtype == np.int64


def cotangents(results):
    return [lcg(201 + k, *y.shape) for k, y in enumerate(results)]


def check(results, fixed):
    """The product with fixed numbers, and the norm."""
    results, fixed = ([np.asarray(x, np.float64).ravel() for x in xs] for xs in (results, fixed))
    return [sum(float(y @ c) for y, c in zip(results, fixed)), sum(float(y @ y) for y in results) ** 0.5]


def clock(step):
    """The least and the median time of a call in seconds."""
    start, seconds = time.perf_counter(), []
    while not seconds or time.perf_counter() - start < SECONDS:
        sample = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - sample)
    seconds.sort()
    return seconds[0], seconds[len(seconds) // 2]


def serve(way, forward, gradient):
    """Answers line by line. `forward(name, inputs)` gives a step and its results; `gradient(name, inputs, cotangents)`
    gives a step and the gradients by all inputs that are no places."""
    now, step, agreed = None, None, None
    for line in sys.stdin:
        try:
            if line != now:
                name, of = line.split()
                now, step, given = line, None, inputs(name, 1)
                step, results = forward(name, given)
                results = [np.asarray(y) for y in results]
                fixed = cotangents(results)
                if of == "gradient":
                    step, results = gradient(name, given, fixed)
                    fixed = [d for d in inputs(name, 101) if not is_places(d)]
                agreed = check(results, fixed)
                step()
            answer = dict(ways={way: clock(step)}, check=agreed)
        except Exception as error:
            now, answer = None, dict(error=f"{type(error).__name__}: {error}"[:500])
        print(json.dumps(answer), flush=True)


def listed(results):
    return list(results) if isinstance(results, (tuple, list)) else [results]
