//! Each function of the engine's tables, on a grid.

use super::{Given, Table, numbers};
use autograd::Var;
use std::ops::Range;

type One = for<'t> fn(Var<'t>) -> Var<'t>;
type Two = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

const UNARY: &[(&str, Range<f64>, One)] = &[
    ("neg", -3.0..3.0, |x| -x),
    ("exp", -5.0..5.0, |x| x.exp()),
    ("exp_m1", -3.0..3.0, |x| x.exp_m1()),
    ("exp_m1 near 0", -1e-6..1e-6, |x| x.exp_m1() * 1e6),
    ("ln", 0.01..9.0, |x| x.ln()),
    ("ln_1p", -0.9..5.0, |x| x.ln_1p()),
    ("ln_1p near 0", -1e-6..1e-6, |x| x.ln_1p() * 1e6),
    ("sqrt", 0.0..9.0, |x| x.sqrt()),
    ("square", -3.0..3.0, |x| x.square()),
    ("recip", 0.1..3.0, |x| x.recip()),
    ("powf", 0.0..3.0, |x| x.powf(1.7)),
    ("sin", -6.0..6.0, |x| x.sin()),
    ("cos", -6.0..6.0, |x| x.cos()),
    ("asin", -1.0..1.0, |x| x.asin()),
    ("acos", -1.0..1.0, |x| x.acos()),
    ("atan", -9.0..9.0, |x| x.atan()),
    ("floor", -3.0..3.0, |x| x.floor()),
    ("ceil", -3.0..3.0, |x| x.ceil()),
    ("abs", -3.0..3.0, |x| x.abs()),
    ("sign", -3.0..3.0, |x| (x * x.gt(0.5).cast(x.dtype())).sign()),
    ("tanh", -5.0..5.0, |x| x.tanh()),
    ("sigmoid", -9.0..9.0, |x| x.sigmoid()),
    ("softplus", -9.0..9.0, |x| x.softplus()),
    ("relu", -3.0..3.0, |x| x.relu()),
    ("leaky_relu", -3.0..3.0, |x| x.leaky_relu(0.1)),
    ("elu", -3.0..3.0, |x| x.elu(1.3)),
    ("swish", -9.0..9.0, |x| x.swish()),
    ("erf", -3.0..3.0, |x| x.erf()),
    ("normal_cdf", -3.0..3.0, |x| x.normal_cdf()),
    ("gelu", -3.0..3.0, |x| x.gelu()),
    ("gelu_tanh", -3.0..3.0, |x| x.gelu_tanh()),
    ("tan", -1.2..1.2, |x| x.tan()),
    ("sinh", -3.0..3.0, |x| x.sinh()),
    ("cosh", -3.0..3.0, |x| x.cosh()),
    ("asinh", -3.0..3.0, |x| x.asinh()),
    ("acosh", 1.0..4.0, |x| x.acosh()),
    ("atanh", -0.9..0.9, |x| x.atanh()),
    ("cbrt", -4.0..4.0, |x| x.cbrt()),
    ("exp2", -3.0..3.0, |x| x.exp2()),
    ("log2", 0.1..9.0, |x| x.log2()),
    ("log10", 0.1..9.0, |x| x.log10()),
    ("erfc", -3.0..3.0, |x| x.erfc()),
    ("sinc", -3.0..3.0, |x| (x * x.gt(0.0).cast(x.dtype())).sinc()),
    ("sinhc", -3.0..3.0, |x| x.sinhc()),
    ("phi1", -3.0..3.0, |x| x.phi1()),
    ("tanhshrink", -3.0..3.0, |x| x.tanhshrink()),
    ("entr", 0.0..3.0, |x| x.entr()),
];

const BINARY: &[(&str, Range<f64>, Two)] = &[
    ("add", -3.0..3.0, |a, b| a + b),
    ("sub", -3.0..3.0, |a, b| a - b),
    ("mul", -3.0..3.0, |a, b| a * b),
    ("strong_mul", -3.0..3.0, |a, b| {
        // The slope of log-softmax, whose cotangent is zero in places.
        let [g] = (a.log_softmax(-1) * b.relu()).sum().grad([a]);
        g
    }),
    ("absolute_mul", -3.0..3.0, |a, b| {
        // Of a strong product by its second factor, again by the first.
        let [g] = (a.log_softmax(-1) * b.relu()).sum().grad([a]);
        let [h] = (g * b).sum().grad([a]);
        let [third] = (h * b).sum().grad([a]);
        third
    }),
    ("div", 0.4..3.0, |a, b| a / b),
    ("maximum", -3.0..3.0, |a, b| a.maximum(b)),
    ("minimum", -3.0..3.0, |a, b| a.minimum(b)),
    ("pow", 0.1..3.0, |a, b| a.pow(b)),
    ("atan2", -3.0..3.0, |a, b| a.atan2(b)),
    ("atan2 on the axes", -1.0..1.0, |a, b| a.sign().atan2(b * b.gt(0.0).cast(b.dtype()))),
    ("hypot", -3.0..3.0, |a, b| a.hypot(b)),
    ("hypot of zeros", -3.0..3.0, |a, b| (a * 0.0).hypot(b * b.gt(0.0).cast(b.dtype()))),
    ("logaddexp", -3.0..3.0, |a, b| a.logaddexp(b)),
    ("logaddexp of equals", -3.0..3.0, |a, b| a.logaddexp(b.gt(0.0).select(a, b))),
    ("gt", -3.0..3.0, |a, b| a.gt(b)),
    ("ge", -3.0..3.0, |a, b| a.floor().ge(b.floor())),
    ("lt", -3.0..3.0, |a, b| a.lt(b)),
    ("le", -3.0..3.0, |a, b| a.floor().le(b.floor())),
    ("eq", -3.0..3.0, |a, b| a.floor().eq(b.floor())),
    ("ne", -3.0..3.0, |a, b| a.floor().ne(b.floor())),
];

pub(crate) fn add(table: &mut Table) {
    for (name, range, f) in UNARY {
        table.op(name, &[numbers([5, 21], range.clone())], |_, x| vec![f(x[0])]);
    }
    for (name, range, f) in BINARY {
        let Given::Numbers(shape, mut other) = numbers([5, 21], range.clone()) else { unreachable!() };
        other.reverse();
        let inputs = [numbers([5, 21], range.clone()), Given::Numbers(shape, other)];
        table.op(name, &inputs, |_, x| vec![f(x[0], x[1])]);
    }
    let row = [numbers([3, 4], -3.0..3.0), numbers([4], 0.5..2.0), numbers([3, 1], 0.5..2.0)];
    table.op("functions repeat", &row, |_, x| {
        vec![x[0] + x[1], x[1] * x[2], x[0].gt(x[1]), (x[1] + 1.0) / x[2], x[0].gt(0.0).select(x[1], x[2])]
    });
}
