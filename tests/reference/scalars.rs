//! Functions of separate scalar variables: each number of a stored point is a leaf of its own.

use autograd::Var;
use std::ops::Add;

use crate::array::Array;
use crate::format::Case;
use crate::runner::Fault;
use crate::sessions::Session;

/// The numbers of an input, each a variable.
pub(crate) fn variables<'t>(session: &Session<'t>, case: &Case, label: &str) -> Result<Vec<Var<'t>>, Fault> {
    Ok(case.f64("in", label)?.iter().map(|&x| session.leaf(&number(x), true)).collect())
}

/// The numbers of an input, each a constant.
pub(crate) fn constants<'t>(session: &Session<'t>, case: &Case, label: &str) -> Result<Vec<Var<'t>>, Fault> {
    Ok(case.f64("in", label)?.iter().map(|&x| session.leaf(&number(x), false)).collect())
}

fn number(x: f64) -> Array {
    Array::shaped(&[], vec![x])
}

/// Scalars as the elements of an array.
pub(crate) fn pack<'t>(
    session: &Session<'t>,
    case: &Case,
    shape: &[usize],
    scalars: impl IntoIterator<Item = Var<'t>>,
) -> Result<Array, Fault> {
    let mut elements = Vec::new();
    for scalar in scalars {
        elements.extend(session.read(case, scalar)?.floats());
    }
    Ok(Array::shaped(shape, elements))
}

/// The rows of the Jacobian of `ys`; of a gradient, those of the Hessian.
pub(crate) fn jacobian<'t>(ys: &[Var<'t>], xs: &[Var<'t>]) -> Vec<Var<'t>> {
    ys.iter().flat_map(|y| y.grads(xs)).collect()
}

/// The derivative of each `ys` along `vs`.
pub(crate) fn along<'t>(ys: &[Var<'t>], xs: &[Var<'t>], vs: &[Var<'t>]) -> Vec<Var<'t>> {
    ys.iter().map(|y| y.jvp(xs, vs)).collect()
}

/// The sum of scalars, of which there is at least one.
pub(crate) fn total<T: Add<Output = T>>(terms: impl IntoIterator<Item = T>) -> T {
    terms.into_iter().reduce(|a, b| a + b).expect("a sum has terms")
}
