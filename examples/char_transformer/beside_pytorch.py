"""The first steps of this example in PyTorch, from the same weights: the losses have to be the same.

    cargo run --release --example char_transformer -- --dump FOLDER
    python examples/char_transformer/beside_pytorch.py FOLDER
"""

import json
import math
import pathlib
import sys

import torch
from torch.nn.functional import cross_entropy, embedding, gelu, layer_norm, scaled_dot_product_attention

run = json.loads((pathlib.Path(sys.argv[1]) / "run.json").read_text())
heads, context = run["heads"], run["context"]
weights = {
    w["name"]: torch.tensor(w["values"], dtype=torch.float64).reshape(w["shape"]).requires_grad_()
    for w in run["weights"]
}
table = weights["characters.table"]
width = table.shape[1]
blocks = sum(name.endswith("norm1.weight") for name in weights)


def linear(x, name):
    return x @ weights[name + ".weight"] + weights[name + ".bias"]


def norm(x, name):
    return layer_norm(x, [width], weights[name + ".weight"], weights[name + ".bias"])


def forward(x):
    angles = torch.arange(context, dtype=torch.float64)[:, None] / 10000 ** (
        2 * torch.arange(width // 2, dtype=torch.float64) / width
    )
    h = embedding(x, table) * math.sqrt(width) + torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
    for i in range(blocks):
        qkv = linear(norm(h, f"block{i}.norm1"), f"block{i}.attention.qkv").chunk(3, -1)
        q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in qkv)
        attended = scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        h = h + linear(attended, f"block{i}.attention.output")
        hidden = gelu(linear(norm(h, f"block{i}.norm2"), f"block{i}.mlp.0"), approximate="tanh")
        h = h + linear(hidden, f"block{i}.mlp.1")
    return norm(h, "norm") @ table.T


adam = torch.optim.AdamW(weights.values(), betas=(0.9, run["beta2"]), weight_decay=run["decay"])
largest = 0.0
for number, step in enumerate(run["steps"]):
    adam.param_groups[0]["lr"] = step["rate"]
    loss = cross_entropy(forward(torch.tensor(step["x"]).reshape(-1, context)).flatten(0, 1), torch.tensor(step["y"]))
    adam.zero_grad()
    loss.backward()
    # Not by `clip_grad_norm_`, which adds 1e-6 to the norm.
    length = math.sqrt(sum(w.grad.square().sum().item() for w in weights.values()))
    for w in weights.values():
        w.grad.mul_(min(1.0, run["clip"] / length))
    adam.step()
    difference = abs(loss.item() - step["loss"])
    largest = max(largest, difference)
    print(f"{number:>3}   {step['loss']:.12f}   {loss.item():.12f}   {difference:.1e}")
print(f"PyTorch {torch.__version__}: the largest difference of {len(run['steps'])} losses is {largest:.1e}")
sys.exit(largest > 1e-6)
