//! Jacobians and Hessians of functions of tensors, gradients of each example, the Laplacian: the group `jacobians`.

use autograd::{Params, Var};

use crate::format::Case;
use crate::runner::{Fault, Handler, Refusal, Results};
use crate::sessions::{Session, each_way};

/// What evaluates a case.
type Evaluate = for<'t> fn(&Session<'t>, &Case) -> Result<Results, Fault>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate: Evaluate = match op {
        "jacobian_wide"
        | "jacobian_tall"
        | "jacobian_square"
        | "jacobian_softmax"
        | "jacobian_network"
        | "jacobian_triangular" => of_vectors,
        "matrix_inverse" | "matrix_square" | "matrix_gram_inverse" => of_matrices,
        "hessian_quadratic"
        | "hessian_logsumexp"
        | "hessian_product"
        | "hessian_softplus_sum"
        | "hessian_norm"
        | "hessian_cosh_distance" => of_numbers,
        "per_example_gradients" => gradients_of_each,
        "per_example_jacobians" => jacobians_of_each,
        "laplacian_network" => laplacian,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| {
        each_way(case, &Params::f64(), |session| evaluate(session, case))
    }))
}

/// The derivative of each element of y by x, of \[…y, …x\].
fn jacobian<'t>(y: Var<'t>, x: Var<'t>) -> Var<'t> {
    let flat = y.reshape([y.shape().elements()]);
    let rows: Vec<Var<'t>> = (0..flat.shape()[0]).map(|i| flat.index(0, i as isize).grad([x])[0]).collect();
    let shape: Vec<usize> = y.shape().iter().chain(x.shape().iter()).copied().collect();
    Var::stack(&rows, 0).reshape(&shape[..])
}

/// Reads results in order.
fn read<'t>(session: &Session<'t>, case: &Case, all: &[(&str, Var<'t>)]) -> Result<Results, Fault> {
    let mut results = Results::default();
    for &(name, var) in all {
        results.put("out", name, session.read(case, var)?);
    }
    Ok(results)
}

fn leaf<'t>(session: &Session<'t>, case: &Case, label: &str) -> Result<Var<'t>, Fault> {
    Ok(session.leaf(case.array("in", label)?, true))
}

/// The elements of a vector.
fn elements(x: Var<'_>) -> Vec<Var<'_>> {
    (0..x.shape()[0]).map(|i| x.index(0, i as isize)).collect()
}

fn of_vectors(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let [x, v, u] = [leaf(session, case, "x")?, leaf(session, case, "v")?, leaf(session, case, "u")?];
    let e = elements(x);
    let (formula, y) = match case.op.as_str() {
        "jacobian_wide" => {
            let n = e.len();
            let products = (x.slice(0, ..n - 1) * x.slice(0, 1..)).sum();
            ("[sum sin x_i, sum x_i x_(i+1)]", Var::stack(&[x.sin().sum(), products], 0))
        }
        "jacobian_tall" => {
            let (a, b) = (e[0], e[1]);
            let all =
                [a * b, a.exp(), b.sin(), a.powf(3.0), b / (1.0 + a.square()), (a - b).tanh(), (a * b).cos()];
            ("[x0 x1, exp x0, sin x1, x0^3, x1/(1+x0^2), tanh(x0-x1), cos(x0 x1)]", Var::stack(&all, 0))
        }
        "jacobian_square" => ("x_i sum(x) - exp(-x_i)", x * x.sum() - (-x).exp()),
        "jacobian_softmax" => ("softmax(x)", x.softmax(0)),
        "jacobian_network" => {
            let [w1, w2] = [leaf(session, case, "w1")?, leaf(session, case, "w2")?];
            ("tanh(W2 tanh(W1 x))", w2.matmul(w1.matmul(x).tanh()).tanh())
        }
        _ => ("cumsum(x^2)", x.square().cumsum(0)),
    };
    case.args.says("formula", formula);
    case.args.says("n", e.len());
    case.args.says("m", y.shape()[0]);
    let (first, weighted) = (jacobian(y, x), (u * y).sum().grad([x])[0]);
    read(
        session,
        case,
        &[
            ("value", y),
            ("jacobian", first),
            ("jvp", y.jvp(&[x], &[v])),
            ("vjp", weighted),
            ("hessians", jacobian(first, x)),
            ("weighted_hessian", jacobian(weighted, x)),
        ],
    )
}

fn of_matrices(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let a = leaf(session, case, "a")?;
    case.args.says("n", a.shape()[0]);
    let y = match case.op.as_str() {
        "matrix_inverse" => a.inverse(),
        "matrix_square" => a.matmul(a),
        _ => a.t().matmul(a).inverse(),
    };
    read(session, case, &[("value", y), ("jacobian", jacobian(y, a))])
}

fn of_numbers(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let [x, v, w] = [leaf(session, case, "x")?, leaf(session, case, "v")?, leaf(session, case, "w")?];
    let (formula, y) = match case.op.as_str() {
        "hessian_quadratic" => {
            let q = leaf(session, case, "q")?;
            ("x^T Q x, Q not symmetric (Hessian Q + Q^T)", x.dot(q.matmul(x)))
        }
        "hessian_logsumexp" => ("log sum exp x", x.logsumexp_over(0)),
        "hessian_product" => {
            let e = elements(x);
            ("x0 x1 x2 exp(x3)", e[0] * e[1] * e[2] * e[3].exp())
        }
        "hessian_softplus_sum" => {
            let q = leaf(session, case, "q")?;
            ("sum log(1 + exp(Q x))", q.matmul(x).softplus().sum())
        }
        "hessian_norm" => ("|x|", x.square().sum().sqrt()),
        _ => ("sum log cosh(x - 0.3)", (x - 0.3).log_cosh().sum()),
    };
    case.args.says("formula", formula);
    case.args.says("n", x.shape()[0]);
    let [gradient] = y.grad([x]);
    let hessian = jacobian(gradient, x);
    let hvp = gradient.jvp(&[x], &[v]);
    // The same product by the other sweep: the Hessian is symmetric.
    let [vhp] = (gradient * v.detach()).sum().grad([x]);
    let third_vw = hvp.jvp(&[x], &[w]);
    let fourth = (0..4).fold(y, |y, _| y.jvp(&[x], &[v]));
    read(
        session,
        case,
        &[
            ("value", y),
            ("gradient", gradient),
            ("hessian", hessian),
            ("hvp", hvp),
            ("vhp", vhp),
            ("trace", hessian.trace(0)),
            ("third", jacobian(hessian, x)),
            ("third_vw", third_vw),
            ("fourth_along_v", fourth),
        ],
    )
}

/// The weights of a case, those of PyTorch, \[out, in\], once for each example, so that the examples share none: one gradient of the sum of what the examples
/// give has that of each.
fn weights_of_each<'t>(session: &Session<'t>, case: &Case, n: usize) -> Result<[Var<'t>; 4], Fault> {
    let mut all = vec![];
    for label in ["w1", "b1", "w2", "b2"] {
        let w = leaf(session, case, label)?;
        let w = if w.rank() == 1 { w.unsqueeze(0) } else { w };
        let (rows, columns) = (w.shape()[0], w.shape()[1]);
        all.push(w.unsqueeze(0).broadcast_to([n, rows, columns]));
    }
    Ok([all[0], all[1], all[2], all[3]])
}

/// The outputs of each example by its own weights, of \[n, out\].
fn outputs_of_each<'t>(x: Var<'t>, [w1, b1, w2, b2]: [Var<'t>; 4]) -> Var<'t> {
    let swapped = |w: Var<'t>| w.permute(&[0, 2, 1]);
    let y = (x.unsqueeze(1).matmul(swapped(w1)) + b1).tanh().matmul(swapped(w2)) + b2;
    y.reshape([y.shape()[0], y.shape()[2]])
}

/// Gradients of each example as the rows of one matrix.
fn in_rows<'t>(gradients: &[Var<'t>; 4]) -> Var<'t> {
    let flat = gradients.map(|g| {
        let n = g.shape()[0];
        g.reshape([n, g.shape().elements() / n])
    });
    Var::concat(&flat, 1)
}

fn gradients_of_each(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    case.args.says("model", "tanh(x w1^T + b1) w2^T + b2, cross entropy");
    let clip: f64 = case.args.read("clip")?;
    let x = leaf(session, case, "x")?;
    let (n, classes) = (x.shape()[0], case.array("in", "b2")?.shape()[0]);
    let target = session.leaf(case.array("in", "target")?, false).one_hot(classes, autograd::DType::F64);
    let w = weights_of_each(session, case, n)?;
    let losses = -(outputs_of_each(x, w).log_softmax(1) * target).sum_over(1);
    let gradients = losses.sum().grad(w);
    let rows = in_rows(&gradients);
    let norms = rows.square().sum_over(1).sqrt();
    let scale = (clip / norms).minimum(1.0);
    let shaped = |k: usize, label: &str| -> Result<Var<'_>, Fault> {
        let like = case.array("in", label)?.shape().to_vec();
        let shape: Vec<usize> = [n].into_iter().chain(like).collect();
        Ok(gradients[k].reshape(&shape[..]))
    };
    let clipped = (rows * scale.unsqueeze(1)).mean_over(0);
    read(
        session,
        case,
        &[
            ("losses", losses),
            ("d_w1", shaped(0, "w1")?),
            ("d_b1", shaped(1, "b1")?),
            ("d_w2", shaped(2, "w2")?),
            ("d_b2", shaped(3, "b2")?),
            ("norms", norms),
            ("clipped_mean", clipped),
            ("gram", rows.matmul(rows.t())),
            ("fisher_diagonal", rows.square().mean_over(0)),
        ],
    )
}

fn jacobians_of_each(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    case.args.says("model", "tanh(x w1^T + b1) w2^T + b2");
    let x = leaf(session, case, "x")?;
    let n = x.shape()[0];
    let w = weights_of_each(session, case, n)?;
    let y = outputs_of_each(x, w);
    let outputs = y.shape()[1];
    // Examples do not influence each other: a column's sum has the derivatives of each.
    let of_column = |k: usize| {
        let column = y.index(1, k as isize).sum();
        (column.grad([x])[0], in_rows(&column.grad(w)))
    };
    let (by_input, by_parameters): (Vec<_>, Vec<_>) = (0..outputs).map(of_column).unzip();
    let (by_input, by_parameters) = (Var::stack(&by_input, 1), Var::stack(&by_parameters, 1));
    let flat = by_parameters.reshape([n * outputs, by_parameters.shape()[2]]);
    let kernel = flat.matmul(flat.t()).reshape([n, outputs, n, outputs]);
    read(session, case, &[("by_input", by_input), ("by_parameters", by_parameters), ("ntk", kernel)])
}

/// The Hessians at each of the points: they do not influence each other, so the gradient of a sum has the derivatives at each.
fn hessians_at<'t>(sum: Var<'t>, x: Var<'t>) -> Var<'t> {
    let [first] = sum.grad([x]);
    let column = |i: usize| first.index(1, i as isize).sum().grad([x])[0];
    Var::stack(&(0..x.shape()[1]).map(column).collect::<Vec<_>>(), 1)
}

/// The trace of each of the matrices.
fn trace(h: Var<'_>) -> Var<'_> {
    h.diagonal(0).sum_over(1)
}

fn laplacian(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    case.args.says("u", "sum_k w_k tanh(a_k . x + c_k)");
    case.args.says("loss", "mean over the points of (u_xx + u_yy)^2");
    let [x, a] = [leaf(session, case, "x")?, leaf(session, case, "a")?];
    let [c, w] = [leaf(session, case, "c")?, leaf(session, case, "w")?];
    let u = (x.matmul(a.t()) + c).tanh().matmul(w.unsqueeze(1)).sum();
    let hessians = hessians_at(u, x);
    let laplacian = trace(hessians);
    let bilaplacian = trace(hessians_at(laplacian.sum(), x));
    let loss = laplacian.square().mean();
    read(
        session,
        case,
        &[
            ("hessians", hessians),
            ("laplacian", laplacian),
            ("bilaplacian", bilaplacian),
            ("loss", loss),
            ("loss_gradient_w", loss.grad([w])[0]),
        ],
    )
}
