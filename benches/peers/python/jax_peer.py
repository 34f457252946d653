"""JAX: the whole step under jit, with buffers given back; `jax-scan` runs many steps inside one call."""

from common import THREADS, block, convnet, lcg, mlp, np, report, run, samples
import os

if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ |= dict(JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu")

import jax
import jax.flatten_util
from jax import lax
from jax import numpy as jnp

wait = jax.block_until_ready


def train(name, step, state, scan=0):
    """Times a step from state to (state, loss)."""
    once = jax.jit(step, donate_argnums=0)
    now, first = once(jax.tree.map(jnp.array, state))
    first = [float(first)]

    def call():
        nonlocal now
        now, loss = wait(once(now))
        return loss

    report("jax", name, first, call)
    if scan:
        many = jax.jit(lambda s: lax.scan(lambda s, _: step(s), s, None, length=scan), donate_argnums=0)
        now = jax.tree.map(jnp.array, state)

        def call():
            nonlocal now
            now, losses = wait(many(now))
            return losses

        report("jax-scan", name, first, call, scan)


def descend(name, params, loss, rate, scan=0):
    def step(params):
        value, grads = jax.value_and_grad(loss)(params)
        return jax.tree.map(lambda p, g: p - jnp.asarray(rate, p.dtype) * g, params, grads), value

    train(name, step, params, scan)


def adam(name, loss, params):
    f32 = jnp.float32

    def step(state):
        params, m, v, t = state
        value, grads = jax.value_and_grad(loss)(params)
        t += 1
        m = jax.tree.map(lambda m, g: f32(0.9) * m + f32(0.1) * g, m, grads)
        v = jax.tree.map(lambda v, g: f32(0.999) * v + f32(0.001) * g * g, v, grads)
        rate, root = f32(1e-3) / (1 - f32(0.9) ** t), 1 / (1 - f32(0.999) ** t)
        update = lambda p, m, v: p - rate * m / (jnp.sqrt(v * root) + f32(1e-8))
        return (jax.tree.map(update, params, m, v), m, v, t), value

    zeros = jax.tree.map(np.zeros_like, params)
    train(name, step, (params, zeros, zeros, np.float32(0)))


def gradients(name, loss, *args, data=()):
    """With respect to the arguments before the data, which are no constants: their functions would be computed once."""
    step, args = jax.jit(jax.value_and_grad(loss, tuple(range(len(args))))), [*args, *data]
    value, grads = step(*args)
    total = sum(float(g.sum(dtype=jnp.float64)) for g in jax.tree.leaves(grads))
    report("jax", name, [value, total], lambda: wait(step(*args)))


def on_arrays(name):
    """W1 as products of matrices instead of scalars."""
    x, y = samples()

    def loss(p):
        first, second = p[:48].reshape(16, 3), p[48:320].reshape(16, 17)
        h = jnp.tanh(x @ first[:, :2].T + first[:, 2])
        h = jnp.tanh(h @ second[:, :16].T + second[:, 16])
        return ((h @ p[320:336] + p[336] - y) ** 2).sum()

    gradients(name, loss, jnp.array(lcg(7, 337, scale=0.5, dtype=np.float64)))


def neuron(name):
    x, y = jnp.array([[0.5, -1.0, 2.0]], jnp.float32), jnp.ones((1, 1), jnp.float32)
    params = jnp.array([[0.1], [0.2], [-0.3]], jnp.float32), jnp.zeros(1, jnp.float32)
    descend(name, params, lambda p: 0.5 * ((jax.nn.sigmoid(x @ p[0] + p[1]) - y) ** 2).mean(), 0.005, scan=1000)


def forward(params, x, activation):
    w, b = params
    for i in range(len(w)):
        x = x @ w[i] + b[i]
        if i + 1 < len(w):
            x = activation(x)
    return x


def regression_loss(dtype):
    x, y = lcg(20, 200, 2, dtype=dtype), lcg(21, 200, 1, dtype=dtype)
    return lambda params: ((forward(params, x, jax.nn.sigmoid) - y) ** 2).mean()


def regression(name):
    dtype = np.float32 if name == "W3-f32" else np.float64
    descend(name, mlp([2, 10, 5, 1], 3, 0.5, dtype), regression_loss(dtype), 0.005, scan=200)


def classifier(name):
    x, labels = jnp.array(lcg(50, 64, 784)), jnp.arange(64) % 10

    def loss(params):
        logs = jax.nn.log_softmax(forward(params, x, jax.nn.relu))
        return -jnp.take_along_axis(logs, labels[:, None], 1).mean()

    adam(name, loss, mlp([784, 256, 128, 10], 1))


def wide(name):
    x, y = jnp.array(lcg(50, 256, 1024)), jnp.array(lcg(51, 256, 1024))
    params = mlp([1024, 4096, 4096, 1024], 1)
    descend(name, params, lambda p: ((forward(p, x, jax.nn.relu) - y) ** 2).mean(), 0.01)


def elementwise(name):
    n = int(name.removeprefix("W6-"))

    def loss(x, y, z):
        return (jnp.tanh(x * y + z) * jax.nn.sigmoid(x) + 0.5 * x * x * jnp.exp(-y)).sum()

    gradients(name, loss, *(jnp.array(lcg(seed, n)) for seed in (60, 61, 62)))


def chain(name):
    def value(x):
        return lax.scan(lambda v, _: (jnp.sin(v) * 0.999999999 + 1e-15, None), x, None, length=333334)[0]

    gradients(name, value, 0.5)


def second_derivatives(name):
    params, loss = mlp([2, 10, 5, 1], 3, 0.5, np.float64), regression_loss(np.float64)
    flat, unflatten = jax.flatten_util.ravel_pytree(jax.tree.map(jnp.array, params))
    u = jnp.array(lcg(99, flat.size, dtype=np.float64))
    of_flat = lambda v: loss(unflatten(v))
    if name == "W8-hvp":
        step = jax.jit(lambda v, u: jax.jvp(jax.grad(of_flat), (v,), (u,))[1])
        call = lambda: wait(step(flat, u))
    else:
        step = jax.jit(jax.hessian(of_flat))
        call = lambda: wait(step(flat))
    report("jax", name, [of_flat(flat), call().sum()], call)


def transformer(name):
    x, mask = jnp.array(lcg(70, 8, 64, 128)), jnp.tril(jnp.ones((64, 64), bool))

    def linear(x, p):
        return x @ p[0] + p[1]

    def norm(x, p):
        centred = x - x.mean(-1, keepdims=True)
        return centred * lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * p[0] + p[1]

    def loss(p):
        qkv = linear(norm(x, p["norm1"]), p["qkv"]).reshape(8, 64, 3, 4, 32)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)
        weights = jax.nn.softmax(jnp.where(mask, q @ k.swapaxes(-1, -2) / 32**0.5, -jnp.inf))
        h = x + linear((weights @ v).transpose(0, 2, 1, 3).reshape(8, 64, 128), p["out"])
        h = h + linear(jax.nn.gelu(linear(norm(h, p["norm2"]), p["up"])), p["down"])
        return (h**2).mean()

    gradients(name, loss, jax.tree.map(jnp.array, block()))


def images(name):
    """Channels last: XLA is faster so."""
    kernels, last = convnet()
    kernels = [(w.transpose(2, 3, 1, 0), b) for w, b in kernels]
    x, labels = jnp.array(lcg(80, 64, 28, 28, 1)), jnp.arange(64) % 10

    def loss(params):
        kernels, (w, b) = params
        h = x
        for kernel, bias in kernels:
            h = lax.conv_general_dilated(h, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            h = lax.reduce_window(jax.nn.relu(h + bias), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        logs = jax.nn.log_softmax(h.transpose(0, 3, 1, 2).reshape(64, 1568) @ w + b)
        return -jnp.take_along_axis(logs, labels[:, None], 1).mean()

    descend(name, (kernels, last), loss, 0.01)


def attention(name):
    mask = jnp.tril(jnp.ones((1024, 1024), bool))

    def loss(q, k, v):
        weights = jax.nn.softmax(jnp.where(mask, q @ k.swapaxes(-1, -2) / 8, -jnp.inf))
        return ((weights @ v) ** 2).sum()

    gradients(name, loss, *(jnp.array(lcg(seed, 1, 8, 1024, 64)) for seed in (110, 111, 112)))


def recurrent(name):
    x, y, zeros = jnp.array(lcg(90, 100, 32, 64)), jnp.array(lcg(91, 32, 1)), jnp.zeros((32, 64), jnp.float32)
    sizes = dict(input=256, hidden=256, readout=1)
    params = {k: lcg(seed, 64, n, scale=1 / 8) for seed, (k, n) in enumerate(sizes.items(), start=1)}
    params |= dict(bias=np.zeros(256, np.float32), last=np.zeros(1, np.float32))

    def loss(p):
        def cell(state, x):
            h, c = state
            i, f, g, o = jnp.split(x @ p["input"] + h @ p["hidden"] + p["bias"], 4, 1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        (h, _), _ = lax.scan(cell, (zeros, zeros), x)
        return ((h @ p["readout"] + p["last"] - y) ** 2).mean()

    adam(name, loss, params)


def embedding(name):
    index, c = jnp.arange(4096) * 7919 % 50000, jnp.array(lcg(101, 4096, 64))
    loss = lambda table, index, c: ((table[index] * c) ** 2).sum()
    gradients(name, loss, jnp.array(lcg(100, 50000, 64)), data=(index, c))


def weighted(name):
    function = {"W12-cumsum": jnp.cumsum, "W12-sort": jnp.sort}[name]
    x, w = jnp.array(lcg(102, 1000000)), jnp.array(lcg(103, 1000000))
    gradients(name, lambda x, w: (function(x) * w).sum(), x, data=(w,))


def process(name):
    n = int(name.removeprefix("W14-"))
    x, y = jnp.array(lcg(120, n, 3, dtype=np.float64)), jnp.array(lcg(121, n, 1, dtype=np.float64))
    squares = ((x[:, None] - x) ** 2).sum(-1)

    def loss(logs, squares, y):
        scale, length, noise = jnp.exp(logs)
        lower = jnp.linalg.cholesky(scale * jnp.exp(-0.5 * length * squares) + noise * jnp.eye(n))
        solution = jax.scipy.linalg.cho_solve((lower, True), y)
        return 0.5 * (y * solution).sum() + jnp.log(jnp.diagonal(lower)).sum()

    gradients(name, loss, jnp.array([0.1, -0.2, -1.0]), data=(squares, y))


run(
    {"W1": on_arrays, "W2": neuron, "W3-f32": regression, "W3-f64": regression, "W4": classifier, "W5": wide}
    | {f"W6-{n}": elementwise for n in (1000000, 10000, 100)}
    | {"W7": chain, "W8-hvp": second_derivatives, "W8-hessian": second_derivatives, "W9": transformer, "W10": images}
    | {"W11": recurrent, "W12-embedding": embedding, "W12-cumsum": weighted, "W12-sort": weighted}
    | {"W13": attention, "W14-200": process, "W14-1000": process}
)
