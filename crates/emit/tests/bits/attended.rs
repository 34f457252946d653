//! Attention, and its cotangents.

use crate::host::{Case, PLAIN, check, of_several as case, some};
use autograd::transform::vmap_over;
use autograd::{AttentionForm, DType, Key, Var};

/// Keys of which one is infinite, or no number.
fn odd(like: Var<'_>, key: f64) -> Var<'_> {
    like.tape().constant([[key], [1.0], [0.5]]).cast(like.dtype())
}

pub(crate) fn of(dtype: DType) -> Vec<Case> {
    let mut all = vec![];
    for [m, n, d, e] in
        [[2, 3, 2, 2], [1, 1, 1, 1], [3, 2, 1, 2], [2, 2, 0, 1], [2, 0, 2, 1], [70, 150, 5, 3]]
    {
        let shapes: [&[usize]; 3] = [&[m, d], &[n, d], &[n, e]];
        all.push(case(dtype, &shapes, |x| x[0].attention(x[1], x[2], None)));
        all.push(case(dtype, &shapes, |x| x[0].causal_attention(x[1], x[2])));
    }
    let batch: [&[usize]; 3] = [&[2, 1, 2, 2], &[3, 3, 2], &[1, 3, 1]];
    all.push(case(dtype, &batch, |x| {
        let mask = x[0].tape().constant([[true, false, true], [false, false, false]]);
        x[0].attention(x[1], x[2], Some(mask))
    }));
    // Several blocks, as many parts as there are, or fewer; and chains of products.
    let long: [&[usize]; 3] = [&[200, 4], &[230, 4], &[230, 3]];
    all.push(case(dtype, &long, |x| {
        x[0].attention(x[1], x[2], Some(x[0].tape().lower_triangle(200, 230, -1)))
    }));
    let many: [&[usize]; 3] = [&[2, 290, 2], &[2, 300, 2], &[2, 300, 1]];
    all.push(case(dtype, &many, |x| (x[0] * 4.0).causal_attention(x[1], x[2])));
    all.push(case(dtype, &[&[5, 300], &[6, 300], &[6, 260]], |x| x[0].attention(x[1], x[2], None)));
    all.push(case(dtype, &[&[2, 3], &[2, 3], &[2, 3]], |x| {
        x[0].t().causal_attention(x[1].t(), x[2].flip(0).t())
    }));
    // A bias for all, for heads, for keys; with what hides keys, and with dropout: a bias for one row has parts.
    let few: [&[usize]; 4] = [&[2, 2, 3, 2], &[2, 2, 4, 2], &[2, 2, 4, 1], &[2, 1, 4]];
    let many: [&[usize]; 4] = [&[2, 1, 290, 2], &[2, 1, 110, 2], &[2, 1, 110, 1], &[1, 1, 1, 110]];
    for (shapes, rates) in [(few, &[0.0, 0.4, 1.0][..]), (many, &[0.0, 0.4])] {
        for &rate in rates {
            for causal in [false, true] {
                all.push(case(dtype, &shapes, |x| {
                    let tape = x[0].tape();
                    let [m, n] = [x[0], x[1]].map(|x| x.shape()[2]);
                    let form = AttentionForm {
                        causal,
                        mask: (rate == 0.4 && !causal).then(|| tape.lower_triangle(m, n, -1)),
                        bias: Some(x[3]),
                        dropout: Some((tape.constant(Key::new(9)), rate)),
                    };
                    x[0].attention_with(x[1], x[2], form)
                }));
            }
        }
    }
    let flat: [&[usize]; 4] = [&[150, 2], &[130, 2], &[130, 1], &[150, 130]];
    all.push(case(dtype, &flat, |x| {
        x[0].attention_with(x[1], x[2], AttentionForm { bias: Some(x[3]), ..AttentionForm::default() })
    }));
    // A key for each entry, and a bias that hides.
    all.push(case(dtype, &[&[3, 2, 2], &[3, 3, 2], &[3, 3, 1]], |x| {
        let tape = x[0].tape();
        let keys = tape.constant([[1i64, 2], [3, 4], [5, -6]]);
        vmap_over([Some(0); 4], |[q, k, v, key]| {
            let hidden = q.tape().constant([[0.5, f64::NEG_INFINITY, 1.0], [f64::NEG_INFINITY; 3]]);
            let bias = Some(hidden.cast(q.dtype()));
            let dropout = Some((key, 0.5));
            q.attention_with(k, v, AttentionForm { bias, dropout, ..AttentionForm::default() })
        })([x[0], x[1], x[2], keys])
    }));
    // Scores that are infinite, or no numbers.
    for scale in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        all.push(case(dtype, &[&[3, 1], &[3, 1], &[3, 2]], |x| {
            x[0].abs().attention(odd(x[0], scale), x[2], None)
        }));
    }
    all
}

#[test]
fn attention_has_the_bits_of_the_interpreter() {
    check("attention", PLAIN, &of(DType::F32).into_iter().chain(some(of(DType::F64))).collect::<Vec<_>>());
}
