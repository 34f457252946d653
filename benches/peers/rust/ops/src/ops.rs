//! What Wengert computes under each name of the list.

use wengert::autograd::{ConvForm, FftNorm, Interpolation, PoolForm};
use wengert::nn::attention::{Mask, scaled_dot_product};
use wengert::nn::{LstmCell, normalize};
use wengert::prelude::*;

/// The results of an op.
pub(crate) fn apply<'t>(name: &str, x: &[Var<'t>]) -> Vec<Var<'t>> {
    let same = ConvForm::default().padding(1);
    let one = match (name, x) {
        ("exp", [x]) => x.exp(),
        ("tanh", [x]) => x.tanh(),
        ("erf", [x]) => x.erf(),
        ("ln-gamma", [x]) => x.ln_gamma(),
        ("sum-rows", [x]) => x.sum_over(1),
        ("sum-columns", [x]) => x.sum_over(0),
        ("max-rows", [x]) => x.max_over(1),
        ("max-columns", [x]) => x.max_over(0),
        ("argmax-rows", [x]) => x.argmax(1),
        ("argmax-columns", [x]) => x.argmax(0),
        ("prod-rows", [x]) => x.prod_over(1),
        ("prod-columns", [x]) => x.prod_over(0),
        ("cumsum-rows", [x]) => x.cumsum(1),
        ("cumsum-columns", [x]) => x.cumsum(0),
        ("softmax-rows", [x]) => x.softmax(1),
        ("softmax-columns", [x]) => x.softmax(0),
        ("sort" | "sort-rows", [x]) => x.sort(-1),
        ("argsort", [x]) => x.argsort(-1),
        ("top-100", [x]) => x.top_k(-1, 100).0,
        ("top-10-rows", [x]) => x.top_k(-1, 10).0,
        ("gather", [x, i]) => x.gather(1, *i),
        ("scatter-add", [x, i, source]) => x.scatter_add(1, *i, *source),
        ("index-select", [x, i]) => x.take(0, *i),
        ("embedding", [table, i]) => table.embedding(*i, None),
        ("max-pool-2", [x]) => x.max_pool2d(PoolForm::of(2)),
        ("max-pool-3-step-2", [x]) => x.max_pool2d(PoolForm::of(3).stride(2).padding(1)),
        ("avg-pool-2", [x]) => x.avg_pool2d(PoolForm::of(2)),
        ("avg-pool-3-step-1", [x]) => x.avg_pool2d(PoolForm::of(3).stride(1).padding(1)),
        ("bilinear-double", [x]) => x.interpolate([128, 128], Interpolation::Linear { corners: false }),
        ("conv2d", [x, w]) => x.conv2d(*w, same),
        ("conv2d-depthwise", [x, w]) => x.conv2d(*w, same.groups(16)),
        ("conv2d-channels", [x, w]) => x.conv2d(*w, same.groups(256)),
        ("conv2d-channels-2", [x, w]) => x.conv2d(*w, same.groups(64).stride(2)),
        ("conv2d-pointwise", [x, w]) => x.conv2d(*w, ConvForm::default()),
        ("conv2d-4-step-2", [x, w]) => x.conv2d(*w, same.stride(2)),
        ("conv1d", [x, w]) => x.conv1d(*w, ConvForm::default().padding(1)),
        ("layer-norm", [x, w, b]) => x.standardize([-1], 1e-5) * *w + *b,
        ("batch-norm", [x, w, b]) => {
            let [w, b] = [w, b].map(|all| all.reshape([16, 1, 1]));
            normalize::batch(*x, 1e-5).0 * w + b
        }
        ("attention", [q, k, v]) => scaled_dot_product(*q, *k, *v, Mask::All),
        ("matmul-512" | "matmul-64-batch", [a, b]) => a.matmul(*b),
        ("einsum", [_, _]) => Var::einsum("bij,bjk->bik", x),
        ("cholesky-400", [a]) => a.cholesky(),
        ("solve-400", [a, b]) => a.solve(*b),
        ("transpose-copy", [x]) => x.t().reshape([1_000_000]),
        ("concat", [_, _]) => Var::concat(x, 1),
        ("pad", [x]) => x.pad(1, 8, 8),
        ("cdist", [a, b]) => a.cdist(*b, 2.0),
        ("fft-rows", [x]) => x.fft(-1, FftNorm::Backward),
        _ => return several(name, x),
    };
    vec![one]
}

/// Ops with several results. What is known up to its sign is squared.
fn several<'t>(name: &str, x: &[Var<'t>]) -> Vec<Var<'t>> {
    match (name, x) {
        ("lstm-cell", [x, h, c, w, u, b]) => {
            let (h, c) = LstmCell::step(x.matmul(*w) + h.matmul(*u) + *b, *c);
            vec![h, c]
        }
        ("qr-400", [a]) => {
            let (q, r) = a.qr();
            vec![q.square(), r.square()]
        }
        ("eigh-400", [a]) => {
            let (values, vectors) = a.eigh();
            vec![values, vectors.square()]
        }
        ("svd-400", [a]) => {
            let (u, s, v) = a.svd();
            vec![u.square(), s, v.square()]
        }
        _ => panic!("{name} is no op of {} operands", x.len()),
    }
}
