"""PyTorch, in three modes.

eager    modules and optimisers as in its tutorials
lean     the same with the fused updates
compile  as lean, the loss under torch.compile
"""

from common import MODE, THREADS, block, convnet, lcg, mlp, np, report, run, samples, words
import torch
from torch import nn
from torch.func import hessian
from torch.nn import functional as F

torch.set_num_threads(THREADS)
PEER = f"torch-{MODE}"


def compiled(f):
    return torch.compile(f) if MODE == "compile" else f


def tensor(*args, **options):
    return torch.from_numpy(lcg(*args, **options))


def train(name, params, loss, optimizer, rate, limit=None):
    params = list(params)
    fused = {} if MODE == "eager" else dict(fused=True)
    optimizer = optimizer(params, lr=rate, **fused)
    first, loss = float(loss().detach()), compiled(loss)

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        if limit is not None:
            nn.utils.clip_grad_norm_(params, limit)
        optimizer.step()
        return value

    report(PEER, name, [first], step)


def gradients(name, params, loss):
    params, value, loss = list(params), float(loss().detach()), compiled(loss)

    def step():
        return torch.autograd.grad(loss(), params)

    report(PEER, name, [value, sum(g.sum(dtype=torch.float64) for g in step())], step)


def linear(w, b):
    """A layer with weights given as inputs by outputs."""
    layer = nn.Linear(*w.shape, dtype=torch.from_numpy(w).dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(w).T)
        layer.bias.copy_(torch.from_numpy(b))
    return layer


def network(activation, *args):
    layers = [linear(w, b) for w, b in zip(*mlp(*args))]
    return nn.Sequential(*[m for layer in layers[:-1] for m in (layer, activation())], layers[-1])


def on_arrays(name):
    """W1 as products of matrices instead of scalars."""
    params = tensor(7, 337, scale=0.5, dtype=np.float64).requires_grad_(True)
    x, y = map(torch.from_numpy, samples())

    def loss():
        first, second = params[:48].view(16, 3), params[48:320].view(16, 17)
        h = torch.tanh(x @ first[:, :2].T + first[:, 2])
        h = torch.tanh(h @ second[:, :16].T + second[:, 16])
        return ((h @ params[320:336] + params[336] - y) ** 2).sum()

    gradients(name, [params], loss)


def neuron(name):
    layer = linear(np.array([[0.1], [0.2], [-0.3]], np.float32), np.zeros(1, np.float32))
    x, y = torch.tensor([[0.5, -1.0, 2.0]]), torch.ones(1, 1)
    train(name, layer.parameters(), lambda: 0.5 * F.mse_loss(torch.sigmoid(layer(x)), y), torch.optim.SGD, 0.005)


def regression(name):
    dtype = np.float32 if name == "W3-f32" else np.float64
    net = network(nn.Sigmoid, [2, 10, 5, 1], 3, 0.5, dtype)
    x, y = tensor(20, 200, 2, dtype=dtype), tensor(21, 200, 1, dtype=dtype)
    train(name, net.parameters(), lambda: F.mse_loss(net(x), y), torch.optim.SGD, 0.005)


def classifier(name):
    net = network(nn.ReLU, [784, 256, 128, 10], 1)
    x, labels = tensor(50, 64, 784), torch.arange(64) % 10
    train(name, net.parameters(), lambda: F.cross_entropy(net(x), labels), torch.optim.Adam, 1e-3)


def wide(name):
    net = network(nn.ReLU, [1024, 4096, 4096, 1024], 1)
    x, y = tensor(50, 256, 1024), tensor(51, 256, 1024)
    train(name, net.parameters(), lambda: F.mse_loss(net(x), y), torch.optim.SGD, 0.01)


def elementwise(name):
    n = int(name.removeprefix("W6-"))
    x, y, z = (tensor(seed, n).requires_grad_(True) for seed in (60, 61, 62))
    gradients(
        name, [x, y, z], lambda: (torch.tanh(x * y + z) * torch.sigmoid(x) + 0.5 * x * x * torch.exp(-y)).sum()
    )


def second_derivatives(name):
    w, b = mlp([2, 10, 5, 1], 3, 0.5, np.float64)
    params = [torch.from_numpy(p) for p in w + b]
    x, y = tensor(20, 200, 2, dtype=np.float64), tensor(21, 200, 1, dtype=np.float64)
    shapes, counts = [p.shape for p in params], [p.numel() for p in params]
    flat = torch.cat([p.flatten() for p in params])

    def loss(v):
        w1, w2, w3, b1, b2, b3 = (p.view(shape) for p, shape in zip(v.split(counts), shapes))
        h = torch.sigmoid(torch.sigmoid(x @ w1 + b1) @ w2 + b2)
        return ((h @ w3 + b3 - y) ** 2).mean()

    value = float(loss(flat))
    if name == "W8-hessian":
        whole = compiled(hessian(loss))
        report(PEER, name, [value, whole(flat).sum()], lambda: whole(flat))
    elif MODE != "compile":  # which does not support differentiating twice
        at, u = flat.requires_grad_(True), tensor(99, flat.numel(), dtype=np.float64)

        def step():
            gradient = torch.autograd.grad(loss(at), at, create_graph=True)[0]
            return torch.autograd.grad(gradient @ u, at)[0]

        report(PEER, name, [value, step().sum()], step)


class Block(nn.Module):
    def __init__(self, width=128, first_seed=1):
        super().__init__()
        params = block(width, first_seed)
        self.qkv, self.out, self.up, self.down = (linear(*params[k]) for k in ("qkv", "out", "up", "down"))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, -1, 32).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(x.shape))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


def transformer(name):
    net, x = Block(), tensor(70, 8, 64, 128)
    gradients(name, net.parameters(), lambda: (net(x) ** 2).mean())


def images(name):
    kernels, last = convnet()
    first, second = (nn.Conv2d(w.shape[1], w.shape[0], 3, padding=1) for w, _ in kernels)
    with torch.no_grad():
        for layer, (w, b) in zip((first, second), kernels):
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b))
    last, x, labels = linear(*last), tensor(80, 64, 1, 28, 28), torch.arange(64) % 10

    def loss():
        h = F.max_pool2d(F.relu(first(x)), 2)
        h = F.max_pool2d(F.relu(second(h)), 2)
        return F.cross_entropy(last(h.flatten(1)), labels)

    params = [p for layer in (first, second, last) for p in layer.parameters()]
    train(name, params, loss, torch.optim.SGD, 0.01)


def attention(name):
    q, k, v = (tensor(seed, 1, 8, 1024, 64).requires_grad_(True) for seed in (110, 111, 112))
    gradients(
        name, [q, k, v], lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True).square().sum()
    )


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(4096, 256, _weight=tensor(151, 4096, 256))
        self.positions = nn.Parameter(tensor(152, 128, 256))
        self.blocks = nn.Sequential(*[Block(256, 160 + 4 * i) for i in range(6)])
        self.norm, self.head = nn.LayerNorm(256), nn.Linear(256, 4096, bias=False)
        with torch.no_grad():
            self.head.weight.copy_(tensor(153, 256, 4096, scale=1 / 16).T)

    def forward(self, words):
        return self.head(self.norm(self.blocks(self.tokens(words) + self.positions)))


def language_model(name):
    net, (now, after) = Gpt(), (torch.from_numpy(x) for x in words())
    after = after.reshape(-1)
    loss = lambda: F.cross_entropy(net(now).view(-1, 4096), after)
    train(name, net.parameters(), loss, torch.optim.AdamW, 3e-4, limit=1.0)


def recurrent(name):
    lstm, readout = nn.LSTM(64, 64), linear(lcg(3, 64, 1, scale=1 / 8), np.zeros(1, np.float32))
    with torch.no_grad():
        for of, seed in (lstm.weight_ih_l0, 1), (lstm.weight_hh_l0, 2):
            of.copy_(tensor(seed, 64, 256, scale=1 / 8).T)
        for of in lstm.bias_ih_l0, lstm.bias_hh_l0:
            of.zero_()
    x, y = tensor(90, 100, 32, 64), tensor(91, 32, 1)
    loss = lambda: F.mse_loss(readout(lstm(x)[0][-1]), y)
    if MODE != "compile":
        train(name, [*lstm.parameters(), *readout.parameters()], loss, torch.optim.Adam, 1e-3)


def embedding(name):
    table, c = tensor(100, 50000, 64).requires_grad_(True), tensor(101, 4096, 64)
    index = torch.arange(4096) * 7919 % 50000
    gradients(name, [table], lambda: (F.embedding(index, table) * c).square().sum())


def weighted(name):
    function = {"W12-cumsum": lambda x: torch.cumsum(x, 0), "W12-sort": lambda x: torch.sort(x)[0]}[name]
    x, w = tensor(102, 1000000).requires_grad_(True), tensor(103, 1000000)
    gradients(name, [x], lambda: (function(x) * w).sum())


def process(name):
    n = int(name.removeprefix("W14-"))
    x, y = tensor(120, n, 3, dtype=np.float64), tensor(121, n, 1, dtype=np.float64)
    squares, eye = ((x[:, None] - x) ** 2).sum(-1), torch.eye(n, dtype=torch.float64)
    logs = torch.tensor([0.1, -0.2, -1.0], dtype=torch.float64, requires_grad=True)

    def loss():
        scale, length, noise = torch.exp(logs)
        lower = torch.linalg.cholesky(scale * torch.exp(-0.5 * length * squares) + noise * eye)
        return 0.5 * (y * torch.cholesky_solve(y, lower)).sum() + lower.diagonal().log().sum()

    gradients(name, [logs], loss)


run(
    {"W1": on_arrays, "W2": neuron, "W3-f32": regression, "W3-f64": regression, "W4": classifier, "W5": wide}
    | {f"W6-{n}": elementwise for n in (1000000, 10000, 100)}
    | {"W8-hvp": second_derivatives, "W8-hessian": second_derivatives, "W9": transformer, "W10": images}
    | {"W11": recurrent, "W12-embedding": embedding, "W12-cumsum": weighted, "W12-sort": weighted}
    | {"W13": attention, "W14-200": process, "W14-1000": process, "W15": language_model}
)
