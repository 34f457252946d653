//! Attention, and its cotangents.

use crate::host::{Case, PLAIN, check, of_several as case, some};
use autograd::{DType, Var};

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
