"""NumPy: backpropagation written by hand."""

from common import lcg, mlp, np, report, run


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def neuron(name):
    w, b = np.array([[0.1], [0.2], [-0.3]], np.float32), np.zeros(1, np.float32)
    x, y, rate = np.array([[0.5, -1.0, 2.0]], np.float32), np.ones((1, 1), np.float32), np.float32(0.005)

    def step():
        a = sigmoid(x @ w + b)
        d = (a - y) * a * (1 - a)
        w[...] -= rate * (x.T @ d)
        b[...] -= rate * d[0]
        return 0.5 * np.mean((a - y) ** 2)

    report("numpy", name, [step()], step)


def regression(name):
    dtype = np.float32 if name == "W3-f32" else np.float64
    w, b = mlp([2, 10, 5, 1], 3, 0.5, dtype)
    x, y, rate = lcg(20, 200, 2, dtype=dtype), lcg(21, 200, 1, dtype=dtype), dtype(0.005)

    def step():
        a1 = sigmoid(x @ w[0] + b[0])
        a2 = sigmoid(a1 @ w[1] + b[1])
        error = a2 @ w[2] + b[2] - y
        d3 = error * dtype(2 / 200)
        d2 = (d3 @ w[2].T) * a2 * (1 - a2)
        d1 = (d2 @ w[1].T) * a1 * (1 - a1)
        for layer, (a, d) in enumerate(((x, d1), (a1, d2), (a2, d3))):
            w[layer] -= rate * (a.T @ d)
            b[layer] -= rate * d.sum(0)
        return np.mean(error * error)

    report("numpy", name, [step()], step)


def forward(w, b, x):
    """What every layer is given, and the output."""
    a = [x]
    for i in range(len(w)):
        z = a[-1] @ w[i]
        z += b[i]
        a.append(np.maximum(z, 0, out=z) if i + 1 < len(w) else z)
    return a


def backward(w, a, d):
    """Gradients of weights and biases from the slope of the output."""
    dw, db = [None] * len(w), [None] * len(w)
    for i in reversed(range(len(w))):
        dw[i], db[i] = a[i].T @ d, d.sum(0)
        if i:
            d = d @ w[i].T
            d *= a[i] > 0
    return dw + db


def classifier(name):
    w, b = mlp([784, 256, 128, 10], 1)
    x, rows, labels = lcg(50, 64, 784), np.arange(64), np.arange(64) % 10
    params, f32, t = w + b, np.float32, 0
    m, v = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]

    def step():
        nonlocal t
        a = forward(w, b, x)
        shifted = a[-1] - a[-1].max(1, keepdims=True)
        d = np.exp(shifted)
        sums = d.sum(1, keepdims=True)
        loss = np.mean(np.log(sums[:, 0]) - shifted[rows, labels])
        d /= sums
        d[rows, labels] -= 1
        d /= 64
        t += 1
        rate, root = f32(1e-3 / (1 - 0.9**t)), f32(1 / (1 - 0.999**t))
        for p, g, m_, v_ in zip(params, backward(w, a, d), m, v):
            m_ *= f32(0.9)
            m_ += f32(0.1) * g
            v_ *= f32(0.999)
            v_ += f32(0.001) * g * g
            p -= rate * m_ / (np.sqrt(v_ * root) + f32(1e-8))
        return loss

    report("numpy", name, [step()], step)


def wide(name):
    w, b = mlp([1024, 4096, 4096, 1024], 1)
    x, y = lcg(50, 256, 1024), lcg(51, 256, 1024)

    def step():
        a = forward(w, b, x)
        d = a[-1] - y
        loss = np.mean(d * d)
        d *= np.float32(2 / d.size)
        for p, g in zip(w + b, backward(w, a, d)):
            g *= np.float32(0.01)
            p -= g
        return loss

    report("numpy", name, [step()], step)


def elementwise(name):
    n = int(name.removeprefix("W6-"))
    x, y, z = (lcg(seed, n) for seed in (60, 61, 62))
    one, half = np.float32(1), np.float32(0.5)

    def step():
        t, s, e = np.tanh(x * y + z), one / (one + np.exp(-x)), np.exp(-y)
        q = half * x * x * e
        dz = (one - t * t) * s
        return (t * s + q).sum(), dz * y + t * s * (one - s) + x * e, dz * x - q, dz

    loss, *grads = step()
    report("numpy", name, [loss, sum(g.sum(dtype=np.float64) for g in grads)], step)


run(
    {"W2": neuron, "W3-f32": regression, "W3-f64": regression, "W4": classifier, "W5": wide}
    | {f"W6-{n}": elementwise for n in (1000000, 10000, 100)}
)
