"""Trains a small convolutional network with PyTorch, and writes what the example reads: its state dict and some logits.

python3 examples/pytorch_weights/make.py, from the root of the repository. Needs torch and numpy.
"""

import csv
import gzip
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
torch.manual_seed(1)
with gzip.open(HERE / "../../crates/datasets/data/digits.csv.gz", "rt") as file:
    rows = [[float(field) for field in row] for row in csv.reader(file) if row[0].replace(".", "").isdigit()]
table = torch.tensor(rows)
pictures, digits = table[:, :64].reshape(-1, 1, 8, 8) / 16, table[:, 64].long()
train = torch.arange(len(digits)) % 5 != 0

net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64, 10),
)
adam = torch.optim.Adam(net.parameters(), 3e-3)
for epoch in range(30):
    for batch in torch.randperm(int(train.sum())).split(64):
        adam.zero_grad()
        nn.functional.cross_entropy(net(pictures[train][batch]), digits[train][batch]).backward()
        adam.step()
net.eval()
with torch.no_grad():
    logits = net(pictures[~train])
right = (logits.argmax(1) == digits[~train]).float().mean()
torch.save(net.state_dict(), HERE / "digits.pt")
np.save(HERE / "logits.npy", logits[:100].numpy())
print(f"{right:.1%} of the held-out pictures are read right")
