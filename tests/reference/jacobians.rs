//! Jacobians and Hessians of functions of tensors, gradients of each example, the Laplacian: the group `jacobians`.

use autograd::transform::{
    derivatives_along, grad, hessian, hvp, jacobian, jacobian_back, jvp, laplacian, partial, vjp,
};
use autograd::{DType, Params, Var};

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
        "laplacian_network" => laplacian_network,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, move |case, _| {
        each_way(case, &Params::f64(), |session| evaluate(session, case))
    }))
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

fn of_vectors(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let [x, v, u] = [leaf(session, case, "x")?, leaf(session, case, "v")?, leaf(session, case, "u")?];
    let weights = match case.op.as_str() {
        "jacobian_network" => [leaf(session, case, "w1")?, leaf(session, case, "w2")?],
        _ => [x, x],
    };
    let f = |x| vector(&case.op, x, weights);
    let y = f(x);
    case.args.says("formula", vector_formula(&case.op));
    case.args.says("n", x.shape()[0]);
    case.args.says("m", y.shape()[0]);
    read(
        session,
        case,
        &[
            ("value", y),
            ("jacobian", jacobian(f)(x)),
            ("jvp", jvp(f)(x, v).1),
            ("vjp", vjp(f)(x, u).1),
            ("hessians", jacobian(jacobian(f))(x)),
            ("weighted_hessian", hessian(|x| u.dot(f(x)))(x)),
        ],
    )
}

fn vector_formula(op: &str) -> &'static str {
    match op {
        "jacobian_wide" => "[sum sin x_i, sum x_i x_(i+1)]",
        "jacobian_tall" => "[x0 x1, exp x0, sin x1, x0^3, x1/(1+x0^2), tanh(x0-x1), cos(x0 x1)]",
        "jacobian_square" => "x_i sum(x) - exp(-x_i)",
        "jacobian_softmax" => "softmax(x)",
        "jacobian_network" => "tanh(W2 tanh(W1 x))",
        _ => "cumsum(x^2)",
    }
}

fn vector<'t>(op: &str, x: Var<'t>, [w1, w2]: [Var<'t>; 2]) -> Var<'t> {
    match op {
        "jacobian_wide" => {
            let n = x.shape()[0];
            let products = (x.slice(0, ..n - 1) * x.slice(0, 1..)).sum();
            Var::stack(&[x.sin().sum(), products], 0)
        }
        "jacobian_tall" => {
            let (a, b) = (x.index(0, 0), x.index(0, 1));
            let quotient = b / (1.0 + a.square());
            let all = [a * b, a.exp(), b.sin(), a.powf(3.0), quotient, (a - b).tanh(), (a * b).cos()];
            Var::stack(&all, 0)
        }
        "jacobian_square" => x * x.sum() - (-x).exp(),
        "jacobian_softmax" => x.softmax(0),
        "jacobian_network" => w2.matmul(w1.matmul(x).tanh()).tanh(),
        _ => x.square().cumsum(0),
    }
}

fn of_matrices(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let a = leaf(session, case, "a")?;
    case.args.says("n", a.shape()[0]);
    let f = |a| matrix(&case.op, a);
    read(session, case, &[("value", f(a)), ("jacobian", jacobian(f)(a))])
}

fn matrix<'t>(op: &str, a: Var<'t>) -> Var<'t> {
    match op {
        "matrix_inverse" => a.inverse(),
        "matrix_square" => a.matmul(a),
        _ => a.t().matmul(a).inverse(),
    }
}

fn of_numbers(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    let [x, v, w] = [leaf(session, case, "x")?, leaf(session, case, "v")?, leaf(session, case, "w")?];
    let q = match case.op.as_str() {
        "hessian_quadratic" | "hessian_softplus_sum" => leaf(session, case, "q")?,
        _ => x,
    };
    let f = |x| number(&case.op, x, q);
    case.args.says("formula", number_formula(&case.op));
    case.args.says("n", x.shape()[0]);
    let second = hessian(f)(x);
    read(
        session,
        case,
        &[
            ("value", f(x)),
            ("gradient", grad(f)(x)),
            ("hessian", second),
            ("hvp", hvp(f)(x, v)),
            // The same product by the other sweep: the Hessian is symmetric.
            ("vhp", vjp(grad(f))(x, v).1),
            ("trace", laplacian(f)(x)),
            ("third", jacobian_back(hessian(f))(x)),
            ("third_vw", jvp(|x| hvp(f)(x, v))(x, w).1),
            ("fourth_along_v", derivatives_along(f, 4)(x, v)[4]),
        ],
    )
}

fn number_formula(op: &str) -> &'static str {
    match op {
        "hessian_quadratic" => "x^T Q x, Q not symmetric (Hessian Q + Q^T)",
        "hessian_logsumexp" => "log sum exp x",
        "hessian_product" => "x0 x1 x2 exp(x3)",
        "hessian_softplus_sum" => "sum log(1 + exp(Q x))",
        "hessian_norm" => "|x|",
        _ => "sum log cosh(x - 0.3)",
    }
}

fn number<'t>(op: &str, x: Var<'t>, q: Var<'t>) -> Var<'t> {
    match op {
        "hessian_quadratic" => x.dot(q.matmul(x)),
        "hessian_logsumexp" => x.logsumexp_over(0),
        "hessian_product" => x.slice(0, ..3).prod() * x.index(0, 3).exp(),
        "hessian_softplus_sum" => q.matmul(x).softplus().sum(),
        "hessian_norm" => x.square().sum().sqrt(),
        _ => (x - 0.3).log_cosh().sum(),
    }
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
    let target = session.leaf(case.array("in", "target")?, false).one_hot(classes, DType::F64);
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

fn units<'t>(x: Var<'t>, a: Var<'t>, c: Var<'t>) -> Var<'t> {
    (x.matmul(a.t()) + c).tanh()
}

fn laplacian_network(session: &Session<'_>, case: &Case) -> Result<Results, Fault> {
    case.args.says("u", "sum_k w_k tanh(a_k . x + c_k)");
    case.args.says("loss", "mean over the points of (u_xx + u_yy)^2");
    let [x, a] = [leaf(session, case, "x")?, leaf(session, case, "a")?];
    let [c, w] = [leaf(session, case, "c")?, leaf(session, case, "w")?];
    let of_x = |x| units(x, a, c).matmul(w);
    let loss = |w| laplacian(|x| units(x, a, c).matmul(w))(x).square().mean();
    let axes = x.shape()[1];
    let row = |i: usize| {
        let all = (0..axes).map(|j| partial(partial(of_x, i), j)(x)).collect::<Vec<_>>();
        Var::stack(&all, 1)
    };
    read(
        session,
        case,
        &[
            ("hessians", Var::stack(&(0..axes).map(row).collect::<Vec<_>>(), 1)),
            ("laplacian", laplacian(of_x)(x)),
            ("bilaplacian", laplacian(laplacian(of_x))(x)),
            ("loss", loss(w)),
            ("loss_gradient_w", grad(loss)(w)),
        ],
    )
}
