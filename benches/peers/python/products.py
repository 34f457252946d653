"""Products of matrices by Wengert, NumPy, PyTorch and the crate `gemm`, by turns: prints a table in Markdown.

    python products.py [--threads 1,2] [--rounds 7] [--seconds 0.1] [--ours PROGRAM]

Each library takes its operands from memory, as they are or transposed, and leaves the result there. In a round all compute
the same product one after the other; the table has the medians over the rounds, and what that makes of 2·m·k·n operations.
"""

from ops import Peer
import argparse
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).parent
SIZES = [(256, 1024, 4096), (512, 512, 512), (64, 784, 256), (4096, 64, 64)]
LAYOUTS = {"nn": "A·B", "tn": "Aᵀ·B", "nt": "A·Bᵀ"}
WAYS = {"wengert": "Wengert", "numpy": "NumPy", "torch": "PyTorch", "gemm": "gemm"}
TOLERANCE = {"f32": 1e-3, "f64": 1e-9}


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", default="0.1", help="of a turn; a few calls at least")
    parser.add_argument("--ours", default="peer-products", help="the program of rust/products")
    return parser.parse_args()


def measured(line, peers, rounds):
    """The median of each way over the rounds, and who disagrees."""
    times, checks = {}, {}
    for _ in range(rounds):
        for peer in peers:
            answer = peer.turn(line)
            if "error" in answer:
                print(f"{line}: {answer['error']}", file=sys.stderr)
                continue
            for way, (_, median, check) in answer.items():
                times.setdefault(way, []).append(median)
                checks[way] = check
    m, k, n, _, dtype = line.split()
    # Products of numbers in [−1, 1) that are weighted by such numbers.
    scale = (int(m) * int(k) * int(n)) ** 0.5
    ours = checks.get("wengert", 0.0)
    wrong = [way for way, check in checks.items() if not abs(check - ours) <= TOLERANCE[dtype] * scale]
    return {way: statistics.median(turns) for way, turns in times.items()}, wrong


def cell(seconds, flops):
    if seconds is None:
        return "–"
    time = f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"
    return f"{time}, {flops / seconds / 1e9:.0f}"


def main():
    given, wrong = options(), []
    print("Times, and 10⁹ operations a second; the ratio is the best of the others by Wengert's: above 1, Wengert is faster.\n")
    print("| m, k, n | | type | threads |", " | ".join(WAYS.values()), "| ratio |")
    print("|---" * (len(WAYS) + 5) + "|")
    for threads in given.threads.split(","):
        peers = [Peer([given.ours], threads, given.seconds)]
        peers += [Peer([sys.executable, HERE / "products_peer.py", way], threads, given.seconds) for way in ("numpy", "torch")]
        for m, k, n in SIZES:
            for layout, shown in LAYOUTS.items():
                for dtype in ("f32", "f64"):
                    line = f"{m} {k} {n} {layout} {dtype}"
                    times, others = measured(line, peers, given.rounds)
                    wrong += [f"{line}: {way} gives something else" for way in others]
                    cells = [cell(times.get(way), 2 * m * k * n) for way in WAYS]
                    best = min((times[way] for way in WAYS if way != "wengert" and way in times), default=None)
                    ratio = f"{best / times['wengert']:.2f}" if best and "wengert" in times else "–"
                    head = f"| {m}, {k}, {n} | {shown} | {dtype.upper()} | {threads} |"
                    print(head, " | ".join(cells), f"| {ratio} |", flush=True)
    print("\nAll values agree." if not wrong else "\n" + "\n".join(f"* {line}" for line in wrong))


if __name__ == "__main__":
    main()
