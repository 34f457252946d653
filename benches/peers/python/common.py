"""What the scripts share: arguments, the numbers of the workloads, the clock, the line they print.

A script is called as `SCRIPT [MODE] THREADS SECONDS WORKLOAD...`. It prints an empty line when it is ready and, for each
line that it reads, a line of JSON for each way to compute a workload and an empty line.
"""

import json
import os
import sys
import time

*_MODE, THREADS, SECONDS = [a for a in sys.argv[1:] if not a.startswith("W")]
MODE, THREADS, SECONDS = "".join(_MODE), int(THREADS), float(SECONDS)
WORKLOADS = [a for a in sys.argv[1:] if a.startswith("W")]
for library in ("OMP", "MKL", "OPENBLAS"):  # read when the libraries are imported, which is after this
    os.environ[f"{library}_NUM_THREADS"] = str(THREADS)

import numpy as np


def lcg(seed, *shape, scale=1.0, dtype=np.float32):
    """The stream of numbers in [-scale, scale) that the workloads are defined with, the same in every language."""
    n, a, c = int(np.prod(shape)), np.uint64(6364136223846793005), np.uint64(1442695040888963407)
    powers = np.cumprod(np.full(n, a, np.uint64))  # modulo 2^64, as the generator
    sums = np.cumsum(np.concatenate([np.ones(1, np.uint64), powers[:-1]]))
    states = powers * np.uint64(seed) + sums * c
    return (((states >> np.uint64(11)) / 2.0**53 * 2.0 - 1.0) * scale).reshape(shape).astype(dtype)


def mlp(sizes, first_seed, scale=None, dtype=np.float32):
    """Weights and biases of a network; the scale is 0.5 or that of the number of inputs."""
    weights = [
        lcg(first_seed + i, m, n, scale=scale or 1 / m**0.5, dtype=dtype)
        for i, (m, n) in enumerate(zip(sizes, sizes[1:]))
    ]
    return weights, [np.zeros(n, dtype) for n in sizes[1:]]


def block(width=128, first_seed=1):
    """Parameters of a transformer block, by default that of W9."""
    sizes = dict(qkv=(width, 3 * width), out=(width, width), up=(width, 4 * width), down=(4 * width, width))
    params = {}
    for seed, (name, (m, n)) in enumerate(sizes.items(), start=first_seed):
        params[name] = (lcg(seed, m, n, scale=1 / m**0.5), np.zeros(n, np.float32))
    for name in ("norm1", "norm2"):
        params[name] = (np.ones(width, np.float32), np.zeros(width, np.float32))
    return params


def convnet():
    """Parameters of the kernels and the layer of W10."""
    kernels = [
        (lcg(seed, n, m, 3, 3, scale=1 / (m * 9) ** 0.5), np.zeros(n, np.float32))
        for seed, m, n in ((1, 1, 16), (2, 16, 32))
    ]
    return kernels, (lcg(3, 1568, 10, scale=1 / 1568**0.5), np.zeros(10, np.float32))


def words():
    """The words of W15, and the word after each."""
    all = (np.arange(16 * 129) * 104729 % 4096).reshape(16, 129)
    return all[:, :-1], all[:, 1:]


def samples():
    """The data of W1."""
    return lcg(11, 100, 2, dtype=np.float64), np.where(np.arange(100) % 2 == 0, 1.0, -1.0)


def clock(step):
    """Seconds of one call: median, least, number of calls."""
    start, calls = time.perf_counter(), 0
    while calls < 2 or time.perf_counter() - start < 0.3 * SECONDS:
        step()
        calls += 1
    at_once = max(1, int(50e-6 * calls / (time.perf_counter() - start)))
    start, seconds = time.perf_counter(), []
    while len(seconds) < 3 or time.perf_counter() - start < SECONDS:
        sample = time.perf_counter()
        for _ in range(at_once):
            step()
        seconds.append((time.perf_counter() - sample) / at_once)
    seconds.sort()
    return seconds[len(seconds) // 2], seconds[0], len(seconds) * at_once


WAYS = []


def report(peer, workload, check, step, steps_per_call=1):
    """A way to compute a workload, to be timed when it is its turn; `check` are the values that all programs agree on."""
    WAYS.append((dict(peer=peer, workload=workload, threads=THREADS, check=[float(x) for x in check]), step, steps_per_call))


def memory(field):
    """Bytes of this process in memory: now (`VmRSS`), or at most so far (`VmHWM`); 0 where the system does not tell."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(line.split()[1]) for line in status if line.startswith(field))
    except (OSError, StopIteration):
        return 0


def turn():
    """Times every way and prints the results, then an empty line."""
    for line, step, steps_per_call in WAYS:
        median, least, reps = clock(step)
        line |= dict(memory_b=memory("VmHWM") - START)
        line |= dict(median_s=median / steps_per_call, min_s=least / steps_per_call, reps=reps * steps_per_call)
        print(json.dumps(line))
    print(flush=True)


def run(workloads):
    """Prepares what was asked for, says so by an empty line, and takes a turn for each line that it reads."""
    global START
    START = memory("VmRSS")
    for name in WORKLOADS:
        if name in workloads:
            try:
                workloads[name](name)
            except Exception as error:
                print(f"{sys.argv[0]} {MODE} {name}: {type(error).__name__}: {error}"[:500], file=sys.stderr, flush=True)
    if WAYS:
        print(flush=True)
        for _ in sys.stdin:
            turn()
