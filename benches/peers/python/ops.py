"""Wengert, PyTorch and JAX op by op, by turns: prints a table in Markdown.

    python ops.py [--threads 1,2] [--rounds 5] [--seconds 0.02] [--ops NAME,...] [--ours PROGRAM]

In each round the libraries compute an op one after the other. The ratio is our least time, of eager and program, by the
least of theirs: what else a machine does makes times longer, never shorter. Values that disagree stand below the table.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
LINES = [line.split() for line in (HERE.parent / "ops.txt").read_text().splitlines() if line and line[0] != "#"]
TOLERANCE = 1e-3
# Vectors of values that lie close together are known to fewer digits.
LOOSE = {"eigh-400": 0.05, "svd-400": 0.05}


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", default="0.02", help="of a turn; one call at least")
    parser.add_argument("--ops", default="")
    parser.add_argument("--ours", default="peer-ops", help="the program of rust/ops")
    return parser.parse_args()


class Peer:
    def __init__(self, command, threads, seconds):
        bound = ["taskset", "-c", "0"] if threads == "1" and shutil.which("taskset") else []
        self.process = subprocess.Popen(
            [*bound, *command, threads, seconds],
            env=os.environ | {"RAYON_NUM_THREADS": threads},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def turn(self, line):
        try:
            print(line, file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (OSError, json.JSONDecodeError):
            return dict(error="it has stopped")


def measure(line, peers, rounds):
    """The least and median time of each way to compute an op; our least time by that of the better of the others."""
    times, checks, errors = {}, {}, set()
    for _ in range(rounds):
        for who, peer in peers.items():
            answer = peer.turn(line)
            if "error" in answer:
                errors.add(f"{line}, {who}: {answer['error']}")
                continue
            checks[who] = answer["check"]
            for way, turn in answer["ways"].items():
                times.setdefault(way, []).append(turn)
    times = {
        way: (min(least for least, _ in turns), statistics.median(median for _, median in turns))
        for way, turns in times.items()
    }
    least = lambda ways: min((times[way][0] for way in ways if way in times), default=None)
    ours, theirs = least(["eager", "program"]), least(["torch", "jax"])
    ratio = ours / theirs if ours and theirs else None
    return times, ratio, disagreements(line, checks) + sorted(errors)


def disagreements(line, checks):
    product, norm = checks.pop("wengert", (0.0, 0.0))
    tolerance = LOOSE.get(line.split()[0], TOLERANCE) * norm
    return [
        f"{line}, {who}: {other[0]:.6g} instead of {product:.6g}, norm {norm:.3g}"
        for who, other in checks.items()
        if not abs(other[0] - product) <= tolerance
    ]


def shown(seconds):
    """Milliseconds: the median, and the least in brackets."""
    if seconds is None:
        return "–"
    digits = lambda s: f"{s * 1e3:.3g}" if s < 1 else f"{s * 1e3:.0f}"
    least, median = seconds
    return f"{digits(median)} ({digits(least)})"


def main():
    given = options()
    wanted, threads = [name for name in given.ops.split(",") if name], given.threads.split(",")
    commands = dict(
        wengert=[given.ours],
        torch=[sys.executable, HERE / "ops_torch.py"],
        jax=[sys.executable, HERE / "ops_jax.py"],
    )
    ways = ["eager", "program", "torch", "jax"]
    peers = {n: {who: Peer(command, n, given.seconds) for who, command in commands.items()} for n in threads}
    head = [f"{way}, {n}" for n in threads for way in ["Wengert eager", "program", "PyTorch", "JAX", "ratio"]]
    print("| op |", " | ".join(head), "|")
    print("|---" * (len(head) + 1) + "|")
    wrong, start = [], time.monotonic()
    for name, *words in LINES:
        for of in ["forward"] if "forward" in words else ["forward", "gradient"]:
            if wanted and name not in wanted:
                continue
            cells = []
            for n in threads:
                times, ratio, problems = measure(f"{name} {of}", peers[n], given.rounds)
                wrong += problems
                cells += [shown(times.get(way)) for way in ways] + [f"{ratio:.2g}" if ratio else "–"]
            print(f"| {name if of == 'forward' else name + ', gradient'} |", " | ".join(cells), "|", flush=True)
            print(f"{time.monotonic() - start:.0f} s: {name} {of}", file=sys.stderr, flush=True)
    print("\nAll values agree." if not wrong else "\n" + "\n".join(f"* {line}" for line in wrong))


if __name__ == "__main__":
    main()
