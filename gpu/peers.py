"""Times of a step in PyTorch and JAX on a GPU, for the table of docs/gpu.md: W4, W5 and W6 as in benches/workloads.

PyTorch eager, compiled, and with the whole step as a CUDA graph; JAX by jit. What is not installed is said. `peers.py cpu` runs the
same on the processor, without graphs, to see that it runs at all.
"""

import sys
import time

DEVICE = "cpu" if sys.argv[1:] == ["cpu"] else "cuda"
STEPS = 3 if DEVICE == "cpu" else 100


def best(step, wait):
    """The best of three, in microseconds a step."""
    step()
    wait()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        wait()
        times.append((time.perf_counter() - start) / STEPS * 1e6)
    return f"{min(times):.1f}"


SIZES = {"W4": ([784, 256, 128, 10], 64), "W5": ([1024, 4096, 4096, 1024], 256)}


def torch_rows(rows):
    import torch
    from torch import nn

    wait = torch.cuda.synchronize if DEVICE == "cuda" else lambda: None
    torch.backends.cuda.matmul.allow_tf32 = False

    def network(name):
        sizes, batch = SIZES[name]
        layers = []
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            layers += [nn.Linear(a, b)] + ([nn.ReLU()] if i + 2 < len(sizes) else [])
        net = nn.Sequential(*layers).to(DEVICE)
        x = torch.rand(batch, sizes[0], device=DEVICE)
        if name == "W4":
            labels = torch.arange(batch, device=DEVICE) % 10
            loss = lambda: nn.functional.cross_entropy(net(x), labels)
            optimizer = torch.optim.Adam(net.parameters(), 1e-3, capturable=DEVICE == "cuda")
        else:
            y = torch.rand(batch, sizes[-1], device=DEVICE)
            loss = lambda: nn.functional.mse_loss(net(x), y)
            optimizer = torch.optim.SGD(net.parameters(), 0.01)
        return loss, optimizer

    def elements():
        v = [torch.rand(1_000_000, device=DEVICE, requires_grad=True) for _ in range(3)]
        x, y, z = v
        loss = lambda: (torch.tanh(x * y + z) * torch.sigmoid(x) + 0.5 * x * x * torch.exp(-y)).sum()
        return loss, torch.optim.SGD(v, 0.0)

    def step_of(loss, optimizer, update):
        def step():
            optimizer.zero_grad(set_to_none=True)
            loss().backward()
            if update:
                optimizer.step()

        return step

    for name in ["W4", "W5", "W6-1000000"]:
        make = elements if name.startswith("W6") else lambda: network(name)
        update = not name.startswith("W6")
        rows.setdefault(name, {})["PyTorch eager"] = best(step_of(*make(), update), wait)
        if DEVICE == "cpu":
            continue
        loss, optimizer = make()
        rows[name]["PyTorch compile"] = best(step_of(torch.compile(loss), optimizer, update), wait)
        step = step_of(*make(), update)
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        rows[name]["PyTorch graph"] = best(graph.replay, wait)
    return torch.__version__


def jax_rows(rows):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_default_matmul_precision", "float32")

    def uniform(seed, shape):
        return jax.random.uniform(jax.random.key(seed), shape)

    def forward(params, x):
        for i, (w, b) in enumerate(params):
            x = x @ w + b
            x = jax.nn.relu(x) if i + 1 < len(params) else x
        return x

    for name, (sizes, batch) in SIZES.items():
        params = [(uniform(i, (a, b)) * 0.01, jnp.zeros(b)) for i, (a, b) in enumerate(zip(sizes, sizes[1:]))]
        x = uniform(50, (batch, sizes[0]))
        if name == "W4":
            labels = jnp.arange(batch) % 10
            loss = lambda p: -jnp.mean(jax.nn.log_softmax(forward(p, x))[jnp.arange(batch), labels])
        else:
            y = uniform(51, (batch, sizes[-1]))
            loss = lambda p: jnp.mean((forward(p, x) - y) ** 2)
        mean = variance = jax.tree.map(jnp.zeros_like, params)

        @jax.jit
        def step(p, m, v, t, loss=loss, adam=name == "W4"):
            g = jax.grad(loss)(p)
            if not adam:
                return jax.tree.map(lambda p, g: p - 0.01 * g, p, g), m, v, t
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            rate, spread = 1e-3 / (1 - 0.9**t), 1 / (1 - 0.999**t)
            return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(spread * v) + 1e-8), p, m, v), m, v, t + 1

        state = [(params, mean, variance, jnp.float32(1))]

        def run():
            state[0] = step(*state[0])

        rows.setdefault(name, {})["JAX jit"] = best(run, lambda: jax.block_until_ready(state[0]))
    x, y, z = (uniform(i, (1_000_000,)) for i in range(3))
    f = lambda x, y, z: (jnp.tanh(x * y + z) * jax.nn.sigmoid(x) + 0.5 * x * x * jnp.exp(-y)).sum()
    g = jax.jit(jax.value_and_grad(f, (0, 1, 2)))
    out = [None]

    def run():
        out[0] = g(x, y, z)

    rows.setdefault("W6-1000000", {})["JAX jit"] = best(run, lambda: jax.block_until_ready(out[0]))
    return jax.__version__


def main():
    rows = {}
    for name, measure in [("PyTorch", torch_rows), ("JAX", jax_rows)]:
        try:
            print(f"{name} {measure(rows)} on {DEVICE}")
        except ImportError as error:
            print(f"skipped: no {name}: {error}")
    columns = ["PyTorch eager", "PyTorch compile", "PyTorch graph", "JAX jit"]
    print(f"| µs a step | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, row in rows.items():
        print(f"| {name} | {' | '.join(row.get(column, '–') for column in columns)} |")


if __name__ == "__main__":
    main()
