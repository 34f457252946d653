"""Loads the state dicts in a folder into PyTorch's own modules, compares what these give, and writes their state dicts."""

import pathlib
import sys

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)


def conv():
    parts = {"conv": nn.Conv2d(2, 4, (3, 2), groups=2), "bn": nn.BatchNorm2d(4), "up": nn.ConvTranspose1d(4, 3, 2)}
    return nn.ModuleDict(parts).eval(), lambda m, x: m["up"](m["bn"](m["conv"](x)).relu().sum(3))


def norms():
    parts = {"layer": nn.LayerNorm(6), "group": nn.GroupNorm(2, 4), "rms": nn.RMSNorm(6, eps=1e-5)}
    return nn.ModuleDict(parts), lambda m, x: m["rms"](m["group"](m["layer"](x)))


def cells():
    def forward(m, x):
        h, c = m["lstm"](x)
        return m["gru"](h, c)

    return nn.ModuleDict({"lstm": nn.LSTMCell(3, 2), "gru": nn.GRUCell(2, 2)}), forward


def multi_head():
    return nn.MultiheadAttention(4, 2, batch_first=True), lambda m, x: m(x, x[:, 0:2], x[:, 1:3])[0]


def transformer():
    gelu = nn.GELU(approximate="tanh")
    layer = nn.TransformerEncoderLayer(4, 2, 16, 0.0, gelu, batch_first=True, norm_first=True)
    return layer.train(), lambda m, x: m(x)


def call(module):
    return module, lambda m, x: m(x)


def first(module):
    return module, lambda m, x: m(x)[0]


LAYERS = {
    "mlp": lambda: call(nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))),
    "conv": conv,
    "norms": norms,
    "embedding": lambda: (nn.Embedding(7, 3), lambda m, x: m((x * 3 + 3).floor().long())),
    "lstm": lambda: first(nn.LSTM(3, 2, 2, bidirectional=True)),
    "gru": lambda: first(nn.GRU(3, 2)),
    "rnn": lambda: first(nn.RNN(3, 2)),
    "cells": cells,
    "self_attention": lambda: (nn.MultiheadAttention(4, 2, batch_first=True), lambda m, x: m(x, x, x)[0]),
    "multi_head": multi_head,
    "transformer": transformer,
}


def main(folder):
    files = sorted(folder.glob("*.pt"))
    assert {file.stem for file in files} == set(LAYERS), files
    for file in files:
        module, forward = LAYERS[file.stem]()
        state = torch.load(file, weights_only=True)
        module.load_state_dict(state, strict=True)
        figures = np.load(file.with_suffix(".npz"))
        y = forward(module, torch.from_numpy(figures["x"])).detach().numpy()
        np.testing.assert_allclose(y, figures["y"], rtol=1e-12, atol=1e-12, err_msg=file.stem)
        torch.save(module.state_dict(), file.with_suffix(".back.pt"))
    print(f"torch {torch.__version__}: {len(files)} state dicts loaded, the same results, state dicts written")


main(pathlib.Path(sys.argv[1]))
