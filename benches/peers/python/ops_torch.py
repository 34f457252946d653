"""PyTorch, op by op, eager."""

from common import THREADS
from ops_common import listed, serve
import torch
from torch.nn import functional as F

torch.set_num_threads(THREADS)


def lstm(x, h, c, w, u, b):
    return torch.lstm_cell(x, (h, c), w.T, u.T, b, torch.zeros_like(b))


def qr(a):
    q, r = torch.linalg.qr(a)
    return q**2, r**2


def eigh(a):
    values, vectors = torch.linalg.eigh(a)
    return values, vectors**2


def svd(a):
    u, s, vh = torch.linalg.svd(a)
    return u**2, s, vh.T**2


def fft(x):
    return torch.view_as_real(torch.fft.fft(torch.view_as_complex(x)))


OPS = {
    "exp": torch.exp,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "ln-gamma": torch.lgamma,
    "sum-rows": lambda x: x.sum(1),
    "sum-columns": lambda x: x.sum(0),
    "max-rows": lambda x: x.max(1).values,
    "max-columns": lambda x: x.max(0).values,
    "argmax-rows": lambda x: x.argmax(1),
    "argmax-columns": lambda x: x.argmax(0),
    "prod-rows": lambda x: x.prod(1),
    "prod-columns": lambda x: x.prod(0),
    "cumsum-rows": lambda x: x.cumsum(1),
    "cumsum-columns": lambda x: x.cumsum(0),
    "softmax-rows": lambda x: x.softmax(1),
    "softmax-columns": lambda x: x.softmax(0),
    "sort": lambda x: x.sort().values,
    "argsort": torch.argsort,
    "top-100": lambda x: x.topk(100).values,
    "sort-rows": lambda x: x.sort().values,
    "top-10-rows": lambda x: x.topk(10).values,
    "gather": lambda x, i: x.gather(1, i),
    "scatter-add": lambda x, i, source: x.scatter_add(1, i, source),
    "index-select": lambda x, i: x.index_select(0, i),
    "embedding": lambda table, i: F.embedding(i, table),
    "max-pool-2": lambda x: F.max_pool2d(x, 2),
    "max-pool-3-step-2": lambda x: F.max_pool2d(x, 3, 2, 1),
    "avg-pool-2": lambda x: F.avg_pool2d(x, 2),
    "avg-pool-3-step-1": lambda x: F.avg_pool2d(x, 3, 1, 1),
    "bilinear-double": lambda x: F.interpolate(x, (128, 128), mode="bilinear", align_corners=False),
    "conv2d": lambda x, w: F.conv2d(x, w, padding=1),
    "conv2d-depthwise": lambda x, w: F.conv2d(x, w, padding=1, groups=16),
    "conv2d-channels": lambda x, w: F.conv2d(x, w, padding=1, groups=256),
    "conv2d-channels-2": lambda x, w: F.conv2d(x, w, padding=1, groups=64, stride=2),
    "conv2d-pointwise": lambda x, w: F.conv2d(x, w),
    "conv2d-4-step-2": lambda x, w: F.conv2d(x, w, padding=1, stride=2),
    "conv1d": lambda x, w: F.conv1d(x, w, padding=1),
    "layer-norm": lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-5),
    "batch-norm": lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 1e-5),
    "attention": F.scaled_dot_product_attention,
    "lstm-cell": lstm,
    "matmul-512": torch.matmul,
    "matmul-64-batch": torch.matmul,
    "cholesky-400": torch.linalg.cholesky,
    "solve-400": torch.linalg.solve,
    "qr-400": qr,
    "eigh-400": eigh,
    "svd-400": svd,
    "einsum": lambda a, b: torch.einsum("bij,bjk->bik", a, b),
    "transpose-copy": lambda x: x.T.reshape(-1),
    "concat": lambda a, b: torch.cat((a, b), 1),
    "pad": lambda x: F.pad(x, (8, 8)),
    "cdist": torch.cdist,
    "fft-rows": fft,
}


def forward(name, given):
    x = [torch.from_numpy(x) for x in given]

    def step():
        with torch.no_grad():
            return OPS[name](*x)

    return step, listed(step())


def gradient(name, given, fixed):
    x = [torch.from_numpy(x) for x in given]
    wrt = [x.requires_grad_(True) for x in x if x.is_floating_point()]
    fixed = [torch.from_numpy(c) for c in fixed]

    def step():
        return torch.autograd.grad(listed(OPS[name](*x)), wrt, fixed)

    return step, step()


serve("torch", forward, gradient)
