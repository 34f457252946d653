"""Products of matrices by NumPy or PyTorch: called as `products_peer.py numpy|torch THREADS SECONDS`. It answers as `rust/products`."""

from common import MODE, SECONDS, THREADS, lcg, np
from ops_common import clock
import functools
import json
import sys

if MODE == "torch":
    import torch

    torch.set_num_threads(THREADS)


@functools.lru_cache(maxsize=1)
def prepared(line):
    m, k, n, layout, dtype = line.split()
    m, k, n = int(m), int(k), int(n)
    dtype = {"f32": np.float32, "f64": np.float64}[dtype]
    a = lcg(1, k, m, dtype=dtype).T if layout == "tn" else lcg(1, m, k, dtype=dtype)
    b = lcg(2, n, k, dtype=dtype).T if layout == "nt" else lcg(2, k, n, dtype=dtype)
    if MODE == "torch":
        a, b = torch.from_numpy(a), torch.from_numpy(b)
        c = torch.empty((m, n), dtype=a.dtype)
        step = lambda: torch.mm(a, b, out=c)
    else:
        c = np.empty((m, n), dtype)
        step = lambda: np.matmul(a, b, out=c)
    step()
    weights = lcg(3, m, n, dtype=np.float64)
    return step, float((weights * np.asarray(c, np.float64)).sum())


for line in sys.stdin:
    step, check = prepared(line.strip())
    least, median = clock(step)
    print(json.dumps({MODE: [least, median, check]}), flush=True)
