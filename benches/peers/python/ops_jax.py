"""JAX, op by op, each under jit."""

from common import THREADS, np
from ops_common import is_places, listed, serve
import os

if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
from jax import lax
from jax import numpy as jnp


def pool(start, combine, size, step, padding):
    around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return lambda x: lax.reduce_window(x, start, combine, (1, 1, size, size), (1, 1, step, step), around)


def conv(axes, groups=1, stride=1, padding=1):
    window = ((stride,) * axes, ((padding, padding),) * axes)
    return lambda x, w: lax.conv_general_dilated(x, w, *window, feature_group_count=groups)


def normalized(x, axes):
    centred = x - x.mean(axes, keepdims=True)
    return centred * lax.rsqrt((centred**2).mean(axes, keepdims=True) + 1e-5)


def batch_norm(x, w, b):
    return normalized(x, (0, 2, 3)) * w[:, None, None] + b[:, None, None]


def attention(q, k, v):
    q, k, v = (x[:, :, None] for x in (q, k, v))
    return jax.nn.dot_product_attention(q, k, v)[:, :, 0]


def lstm(x, h, c, w, u, b):
    i, f, g, o = jnp.split(x @ w + h @ u + b, 4, 1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def qr(a):
    q, r = jnp.linalg.qr(a)
    return q**2, r**2


def eigh(a):
    values, vectors = jnp.linalg.eigh(a)
    return values, vectors**2


def svd(a):
    u, s, vh = jnp.linalg.svd(a, full_matrices=False)
    return u**2, s, vh.T**2


def cdist(a, b):
    return jnp.sqrt(((a[:, None] - b) ** 2).sum(-1))


def fft(x):
    y = jnp.fft.fft(lax.complex(x[..., 0], x[..., 1]))
    return jnp.stack((y.real, y.imag), -1)


OPS = {
    "exp": jnp.exp,
    "tanh": jnp.tanh,
    "erf": lax.erf,
    "ln-gamma": lax.lgamma,
    "sum-rows": lambda x: x.sum(1),
    "sum-columns": lambda x: x.sum(0),
    "max-rows": lambda x: x.max(1),
    "max-columns": lambda x: x.max(0),
    "argmax-rows": lambda x: x.argmax(1),
    "argmax-columns": lambda x: x.argmax(0),
    "prod-rows": lambda x: x.prod(1),
    "prod-columns": lambda x: x.prod(0),
    "cumsum-rows": lambda x: x.cumsum(1),
    "cumsum-columns": lambda x: x.cumsum(0),
    "softmax-rows": lambda x: jax.nn.softmax(x, 1),
    "softmax-columns": lambda x: jax.nn.softmax(x, 0),
    "sort": jnp.sort,
    "argsort": jnp.argsort,
    "top-100": lambda x: lax.top_k(x, 100)[0],
    "sort-rows": jnp.sort,
    "top-10-rows": lambda x: lax.top_k(x, 10)[0],
    "gather": lambda x, i: jnp.take_along_axis(x, i, 1),
    "scatter-add": lambda x, i, source: x.at[jnp.arange(len(x))[:, None], i].add(source),
    "index-select": lambda x, i: jnp.take(x, i, 0),
    "embedding": lambda table, i: table[i],
    "max-pool-2": pool(-np.inf, lax.max, 2, 2, 0),
    "max-pool-3-step-2": pool(-np.inf, lax.max, 3, 2, 1),
    "avg-pool-2": lambda x: pool(0.0, lax.add, 2, 2, 0)(x) / 4,
    "avg-pool-3-step-1": lambda x: pool(0.0, lax.add, 3, 1, 1)(x) / 9,
    "bilinear-double": lambda x: jax.image.resize(x, (*x.shape[:2], 128, 128), "linear"),
    "conv2d": conv(2),
    "conv2d-depthwise": conv(2, 16),
    "conv2d-channels": conv(2, 256),
    "conv2d-channels-2": conv(2, 64, 2),
    "conv2d-pointwise": conv(2, padding=0),
    "conv2d-4-step-2": conv(2, stride=2),
    "conv1d": conv(1),
    "layer-norm": lambda x, w, b: normalized(x, -1) * w + b,
    "batch-norm": batch_norm,
    "attention": attention,
    "lstm-cell": lstm,
    "matmul-512": jnp.matmul,
    "matmul-64-batch": jnp.matmul,
    "cholesky-400": jnp.linalg.cholesky,
    "solve-400": jnp.linalg.solve,
    "qr-400": qr,
    "eigh-400": eigh,
    "svd-400": svd,
    "einsum": lambda a, b: jnp.einsum("bij,bjk->bik", a, b),
    "transpose-copy": lambda x: x.T.reshape(-1),
    "concat": lambda a, b: jnp.concatenate((a, b), 1),
    "pad": lambda x: jnp.pad(x, ((0, 0), (8, 8))),
    "cdist": cdist,
    "fft-rows": fft,
}


def forward(name, given):
    f, x = jax.jit(OPS[name]), [jnp.asarray(x) for x in given]
    step = lambda: jax.block_until_ready(f(*x))
    return step, listed(step())


def gradient(name, given, fixed):
    x, fixed = [jnp.asarray(x) for x in given], [jnp.asarray(c) for c in fixed]
    wrt = [k for k, x in enumerate(given) if not is_places(x)]

    def both(x, fixed):
        def of(*numbers):
            all = list(x)
            for k, number in zip(wrt, numbers):
                all[k] = number
            return listed(OPS[name](*all))

        y, pull = jax.vjp(of, *[x[k] for k in wrt])
        return y, pull(fixed)

    f = jax.jit(both)
    step = lambda: jax.block_until_ready(f(x, fixed))
    return step, step()[1]


serve("jax", forward, gradient)
