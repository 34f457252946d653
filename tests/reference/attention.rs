//! Attention layers: projections, heads, masks; encoder and decoder layers of transformers.

use autograd::Var;
use nn::attention::{Mask, multi_head};

use crate::args::Args;
use crate::evaluate::{evaluate, evaluate_all};
use crate::format::Case;
use crate::runner::{Handler, Refusal};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let layer: for<'t> fn(&Given<'_, 't>, &Args) -> Var<'t> = match op {
        "multi_head_attention" => {
            return Some(Handler::new(Refusal::PanicInCaller, |case, _| {
                evaluate_all(case, |x, args| {
                    let of = Given { case, x };
                    let (y, weights) = of.attention(
                        "",
                        [x[0], of.or("k", x[0]), of.or("v", x[0])],
                        args,
                        args.need("causal"),
                    );
                    let average = args.need("average_weights");
                    vec![y, if average { weights.mean_over(-3) } else { weights }]
                })
            }));
        }
        "transformer_encoder_layer" => |x, args| {
            let causal = args.need("causal");
            let attend = |y| x.attention("self_attn.", [y, y, y], args, causal).0;
            let y = x.part(x.x[0], "norm1", args, attend);
            x.part(y, "norm2", args, |y| x.feed_forward(y, args))
        },
        "transformer_decoder_layer" => |x, args| {
            let causal = args.need("causal");
            let memory = x.x[1];
            let attend = |y| x.attention("self_attn.", [y, y, y], args, causal).0;
            let y = x.part(x.x[0], "norm1", args, attend);
            let y = x.part(y, "norm2", args, |y| {
                x.attention("multihead_attn.", [y, memory, memory], args, false).0
            });
            x.part(y, "norm3", args, |y| x.feed_forward(y, args))
        },
        _ => return None,
    };
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| {
        evaluate(case, |x, args| {
            args.says("dropout", 0.0);
            layer(&Given { case, x }, args)
        })
    }))
}

/// The operands of a case, by name.
struct Given<'a, 't> {
    case: &'a Case,
    x: &'a [Var<'t>],
}

impl<'t> Given<'_, 't> {
    fn named(&self, name: &str) -> Option<Var<'t>> {
        self.case.labels("in").position(|label| label == name).map(|at| self.x[at])
    }

    fn or(&self, name: &str, other: Var<'t>) -> Var<'t> {
        self.named(name).unwrap_or(other)
    }

    /// x·Wᵀ + b, the bias if there is one, for a part of the rows of W.
    fn affine(&self, x: Var<'t>, weight: &str, bias: &str, rows: Option<std::ops::Range<usize>>) -> Var<'t> {
        let of = |all: Var<'t>| rows.clone().map_or(all, |rows| all.slice(0, rows));
        let y = x.matmul(of(self.named(weight).expect("the weight is given")).t());
        self.named(bias).map_or(y, |b| y + of(b))
    }

    /// What a query may see: masks of keys and of pairs, a bias, or all before it.
    fn mask(&self, queries: usize, causal: bool) -> Mask<'t> {
        let pairs = self.named("attn_mask");
        let mask = match (self.named("key_mask"), pairs) {
            (Some(keys), pairs) => {
                let keys = keys.unsqueeze(-2).unsqueeze(-2);
                Some(pairs.map_or(keys, |pairs| keys.select(pairs, pairs.full_like(0.0))))
            }
            (None, pairs) => pairs,
        };
        match (mask, self.named("attn_bias")) {
            (None, None) if causal => Mask::Causal,
            (None, None) => Mask::All,
            (None, Some(bias)) if !causal => Mask::Bias(bias),
            (Some(mask), None) if !causal => Mask::Where(mask),
            (Some(mask), None) => {
                let keys = mask.shape()[mask.rank() - 1];
                let before = mask.tape().lower_triangle(queries, keys, 0);
                Mask::Where(before.select(mask, mask.full_like(0.0)))
            }
            _ => panic!("a bias beside a mask"),
        }
    }

    fn attention(&self, of: &str, [q, k, v]: [Var<'t>; 3], args: &Args, causal: bool) -> (Var<'t>, Var<'t>) {
        let width = q.shape()[q.rank() - 1];
        let (weight, bias) = (format!("{of}in_proj_weight"), format!("{of}in_proj_bias"));
        let (output, end) = match of {
            "" => ("out_proj_weight".to_owned(), "out_proj_bias".to_owned()),
            _ => (format!("{of}out_proj.weight"), format!("{of}out_proj.bias")),
        };
        let part = |x, k: usize| self.affine(x, &weight, &bias, Some(k * width..(k + 1) * width));
        let mask = self.mask(q.shape()[q.rank() - 2], causal);
        let (y, weights) = multi_head(part(q, 0), part(k, 1), part(v, 2), args.need("heads"), mask);
        (self.affine(y, &output, &end, None), weights)
    }

    fn feed_forward(&self, x: Var<'t>, args: &Args) -> Var<'t> {
        let hidden = self.affine(x, "linear1.weight", "linear1.bias", None);
        let hidden = match args.need::<String>("activation").as_str() {
            "relu" => hidden.relu(),
            "gelu" => hidden.gelu(),
            _ => args.unknown("activation"),
        };
        self.affine(hidden, "linear2.weight", "linear2.bias", None)
    }

    /// x + f(norm x), or norm(x + f(x)).
    fn part(&self, x: Var<'t>, norm: &str, args: &Args, f: impl FnOnce(Var<'t>) -> Var<'t>) -> Var<'t> {
        let norm = |x: Var<'t>| {
            let [weight, bias] = ["weight", "bias"].map(|of| self.named(&format!("{norm}.{of}")));
            let y = x.standardize([-1], args.need("eps"));
            let y = weight.map_or(y, |w| y * w);
            bias.map_or(y, |b| y + b)
        };
        if args.need("norm_first") { x + f(norm(x)) } else { norm(x + f(x)) }
    }
}
