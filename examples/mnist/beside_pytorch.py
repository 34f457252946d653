"""The network of this example in PyTorch, with the same steps: for the seconds of an epoch, and what it reads right.

    python examples/mnist/beside_pytorch.py --data FOLDER --threads 1
"""

import argparse
import gzip
import math
import pathlib
import struct
import time

import numpy as np
import torch
from torch import nn

BATCH, RATE = 64, 3e-3


def idx(folder, parts, kind, axes):
    for part in parts:
        for path in sorted(pathlib.Path(folder).glob(f"*{part}-{kind}*idx{axes}-ubyte*")):
            data = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
            shape = struct.unpack_from(f">{axes}I", data, 4)
            return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)
    raise SystemExit(f"{folder}: no {kind} of {parts[0]}")


def part(folder, parts):
    x = torch.tensor(idx(folder, parts, "images", 3)[:, None] / np.float32(255))
    return x, torch.tensor(idx(folder, parts, "labels", 1).astype(np.int64))


def network(side):
    def stage(inputs, outputs):
        conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    def dense(inputs, outputs):
        linear = nn.Linear(inputs, outputs)
        nn.init.xavier_normal_(linear.weight)
        nn.init.zeros_(linear.bias)
        return linear

    head = [nn.Dropout(0.25), dense(32 * (side // 4) ** 2, 64), nn.ReLU(), dense(64, 10)]
    return nn.Sequential(*stage(1, 16), *stage(16, 32), nn.Flatten(), *head)


def rate(step, steps, warm=100):
    if step < warm:
        return RATE * (0.1 + 0.9 * step / warm)
    return RATE * (0.01 + 0.99 * (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    (x, y), (x_held_out, y_held_out) = part(options.data, ["train"]), part(options.data, ["t10k", "test"])
    net = network(x.shape[-1])
    adam = torch.optim.Adam(net.parameters(), RATE)
    steps, step = len(x) // BATCH, 0
    print(f"PyTorch {torch.__version__}, threads: {options.threads}")
    for epoch in range(1, options.epochs + 1):
        start = time.perf_counter()
        net.train()
        for batch in torch.randperm(len(x))[: steps * BATCH].split(BATCH):
            adam.param_groups[0]["lr"] = rate(step, options.epochs * steps)
            loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
            adam.zero_grad()
            loss.backward()
            adam.step()
            step += 1
        seconds = time.perf_counter() - start
        net.eval()
        with torch.no_grad():
            parts = zip(x_held_out.split(250), y_held_out.split(250))
            right = sum((net(a).argmax(1) == b).sum().item() for a, b in parts)
        print(f"{epoch:>3}   {100 * right / len(y_held_out):.2f} %   {seconds:.2f} s", flush=True)


main()
