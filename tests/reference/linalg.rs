//! Products and linear algebra: the groups `ops_matmul`, `ops_linalg`, `contractions` and `linalg_*`, as far as `ops.rs` does not
//! have their ops.

use std::f64::consts::TAU;

use autograd::{Triangle, Var};
use serde_json::Value;

use crate::args::Args;
use crate::ops::{Outputs, Row};

pub(crate) fn find(op: &str) -> Option<Row> {
    products(op)
        .or_else(|| distances(op))
        .or_else(|| solves(op))
        .or_else(|| functions(op))
        .or_else(|| spectra(op))
        .or_else(|| arrangements(op))
}

/// Products of vectors, matrices and tensors.
fn products(op: &str) -> Option<Row> {
    let row: Row = match op {
        "matmul" => |x, _| x[0].matmul(x[1]),
        "matmul_at_b" => |x, _| x[0].t().matmul(x[1]),
        "matmul_a_bt" => |x, _| x[0].matmul(x[1].t()),
        "matmul_self" => |x, _| x[0].matmul(x[0]),
        "gram" => |x, _| x[0].t().matmul(x[0]),
        "dot" => |x, _| x[0].dot(x[1]),
        "outer" | "outer_batched" => |x, _| x[0].outer(x[1]),
        "vecdot" => |x, _| {
            let [n, _, d] = x[1].shape()[..] else { panic!("the second operand has three axes") };
            (x[0] * x[1].reshape([1, n, d])).sum_over(-1)
        },
        "inner" => |x, _| x[0].tensordot(x[1], (&[-1], &[-1])),
        "quadratic_form" => |x, _| x[0].dot(x[1].matmul(x[0])),
        "trace_of_product" => |x, _| (x[0] * x[1].t()).sum(),
        "einsum" => |x, args| Var::einsum(&args.need::<String>("equation"), x),
        "multi_dot" => |x, _| Var::einsum("ab,bc,cd,de->ae", x),
        "tensordot" => |x, args| {
            let [ours, theirs] = tensordot_axes(x[0].rank(), args);
            x[0].tensordot(x[1], (&ours, &theirs))
        },
        "kron" => |x, _| x[0].kron(x[1]),
        "cross" => |x, args| x[0].cross(x[1], args.axis()),
        "trace" => |x, args| x[0].trace(args.optional("offset", 0)),
        "diag" => |x, _| x[0].diag(0),
        "diag_embed" => |x, args| x[0].diag(args.need("offset")),
        "vander" => |x, args| {
            let columns: usize = args.need("columns");
            let mut powers: Vec<f64> = (0..columns).map(|k| k as f64).collect();
            if !args.need::<bool>("increasing") {
                powers.reverse();
            }
            let powers: Vec<Var<'_>> = powers.iter().map(|&p| x[0].powf(p)).collect();
            Var::stack(&powers, -1)
        },
        _ => return None,
    };
    Some(row)
}

/// The axes of a case: two lists, or how many at the end meet as many at the beginning.
fn tensordot_axes(rank: usize, args: &Args) -> [Vec<isize>; 2] {
    match args.read::<usize>("axes") {
        Ok(n) => [(rank - n..rank).map(|k| k as isize).collect(), (0..n as isize).collect()],
        Err(_) => {
            let lists: Vec<Vec<isize>> = args.need("axes");
            lists.try_into().unwrap_or_else(|_| args.unknown("axes"))
        }
    }
}

/// Distances and covariances.
fn distances(op: &str) -> Option<Row> {
    let row: Row = match op {
        "cdist" => |x, args| x[0].cdist(x[1], args.need("p")),
        "squared_distances" => |x, _| (x[0].unsqueeze(1) - x[1].unsqueeze(0)).square().sum_over(-1),
        "cov" => |x, args| x[0].covariance(args.need("ddof")),
        "corrcoef" => |x, _| {
            let covariance = x[0].covariance(0);
            let deviations = covariance.diagonal(0).sqrt();
            covariance / deviations.outer(deviations)
        },
        "mahalanobis" => |x, _| {
            let d = x[0] - x[1];
            d.dot(symmetric(x[2]).solve(d)).sqrt()
        },
        "mvn_logpdf" => |x, _| {
            let z = x[2].solve_triangular(x[0] - x[1], Triangle::LOWER);
            let n = x[0].shape()[0] as f64;
            z.dot(z) * -0.5 - x[2].diagonal(0).ln().sum() - 0.5 * n * TAU.ln()
        },
        "matrix_norm" => |x, args| {
            let p: Value = args.need("p");
            match (p.as_f64(), p.as_str()) {
                (Some(1.0), _) => x[0].abs().sum_over(-2).max_over(-1),
                (Some(-1.0), _) => x[0].abs().sum_over(-2).min_over(-1),
                (_, Some("inf")) => x[0].abs().sum_over(-1).max_over(-1),
                (_, Some("-inf")) => x[0].abs().sum_over(-1).min_over(-1),
                (Some(2.0), _) => x[0].singular_values().max_over(-1),
                (Some(-2.0), _) => x[0].singular_values().min_over(-1),
                (_, Some("nuc")) => x[0].singular_values().sum_over(-1),
                (_, Some("fro")) => x[0].norm_over(2.0, [-2, -1]),
                _ => args.unknown("p"),
            }
        },
        "cond" => |x, args| {
            args.says("p", 2);
            let s = x[0].singular_values();
            s.max_over(-1) / s.min_over(-1)
        },
        _ => return None,
    };
    Some(row)
}

/// Equations, inverses and least squares.
fn solves(op: &str) -> Option<Row> {
    let row: Row = match op {
        "solve" => |x, args| {
            let (left, vector) = (args.optional("left", true), args.optional("vector", false));
            match (left, vector) {
                (true, false) => x[0].solve(x[1]),
                (true, true) => x[0].solve(x[1].unsqueeze(-1)).index(-1, 0),
                (false, false) => x[0].t().solve(x[1].t()).t(),
                (false, true) => args.unknown("vector"),
            }
        },
        "solve_triangular" => |x, args| {
            let mut triangle = if args.need("upper") { Triangle::UPPER } else { Triangle::LOWER };
            if args.optional("unit_diagonal", false) {
                triangle = triangle.unit();
            }
            if args.optional("transpose", false) {
                triangle = triangle.transposed();
            }
            match args.optional("left", true) {
                true => x[0].solve_triangular(x[1], triangle),
                false => x[0].solve_triangular(x[1].t(), triangle.transposed()).t(),
            }
        },
        "spd_solve" => |x, _| by_factor(x[0].cholesky(), x[1]),
        "cholesky_solve" => |x, args| {
            args.says("upper", false);
            by_factor(x[0], x[1])
        },
        "inverse" => |x, _| x[0].inverse(),
        "inverse_twice" => |x, _| x[0].inverse().inverse(),
        "spd_inverse" => |x, _| symmetric(x[0]).inverse(),
        "pinv" => |x, _| x[0].pinv(),
        "lstsq" => |x, _| x[0].lstsq(x[1]),
        "ridge" => |x, _| (x[0].t().matmul(x[0]) + identity(x[0]) * x[2]).solve(x[0].t().matmul(x[1])),
        "inverse_quadratic_form" => |x, _| x[1].dot(x[0].solve(x[1])),
        _ => return None,
    };
    Some(row)
}

/// Factors and functions of matrices.
fn functions(op: &str) -> Option<Row> {
    let row: Row = match op {
        "cholesky" => |x, _| x[0].cholesky(),
        "cholesky_of_sym" => |x, args| match args.need("upper") {
            true => x[0].cholesky().t(),
            false => x[0].cholesky(),
        },
        "cholesky_of_gram" => |x, _| plus_identity(x[0].matmul(x[0].t())).cholesky(),
        "gaussian_nll" => |x, _| {
            let s = plus_identity(x[0].matmul(x[0].t()));
            x[1].dot(s.solve(x[1])) * 0.5 + s.logdet() * 0.5
        },
        "det" => |x, _| x[0].det(),
        "logdet" => |x, _| x[0].logdet(),
        "logdet_of_sym" => |x, _| x[0].cholesky().diagonal(0).ln().sum_over(-1) * 2.0,
        "matrix_exp" => |x, _| x[0].matrix_exp(),
        "expm_of_skew" => |x, _| {
            let turn = x[0].tape().constant([[0.0, -1.0], [1.0, 0.0]]);
            (turn * x[0]).matrix_exp()
        },
        "matrix_power" => |x, args| x[0].matrix_power(args.need::<isize>("n") as i32),
        _ => return None,
    };
    Some(row)
}

/// Tensors of parts, and parts of tensors.
fn arrangements(op: &str) -> Option<Row> {
    let row: Row = match op {
        "block_diag" => |x, _| Var::block_diag(x),
        "hstack" => |x, _| Var::concat(x, 1),
        "vstack" => |x, _| Var::stack(x, 0),
        "dstack" => |x, _| Var::stack(x, 2),
        "column_stack" => |x, _| Var::stack(x, 1),
        "broadcast_sum" => |x, args| {
            let axes: Vec<isize> = args.need("axis");
            x[0].broadcast_to(&args.need::<Vec<usize>>("shape")[..]).sum_over(axes)
        },
        _ => return None,
    };
    Some(row)
}

/// Functions of eigenvalues and singular values.
fn spectra(op: &str) -> Option<Row> {
    let row: Row = match op {
        "eigvalsh_of_sym" => |x, _| x[0].eigh().0,
        "eigh_sqrt" => |x, _| {
            let (w, v) = x[0].eigh();
            (v * w.sqrt().unsqueeze(-2)).matmul(v.t())
        },
        "eigh_projector" => |x, _| {
            let largest = x[0].eigh().1.index(-1, -1);
            largest.outer(largest)
        },
        "eigh_square_component" => |x, _| x[0].eigh().1.t().matmul(x[1]).square(),
        "eigvals_moments" => |x, _| {
            let moments: Vec<Var<'_>> = (1..=3).map(|k| x[0].matrix_power(k).trace(0)).collect();
            Var::stack(&moments, 0)
        },
        "svdvals" => |x, _| x[0].singular_values(),
        "svd_truncated" => |x, args| {
            let rank: usize = args.need("rank");
            let (u, s, v) = x[0].svd();
            let [u, v] = [u, v].map(|x| x.slice(-1, ..rank));
            (u * s.slice(-1, ..rank).unsqueeze(-2)).matmul(v.t())
        },
        "polar" => |x, _| {
            let (u, _, v) = x[0].svd();
            u.matmul(v.t())
        },
        _ => return None,
    };
    Some(row)
}

/// Ops with more than one result.
pub(crate) fn several_outputs(op: &str) -> Option<Outputs> {
    let row: Outputs = match op {
        "slogdet" => |x, _| {
            let (sign, log) = x[0].slogdet();
            vec![sign, log]
        },
        "qr" => |x, args| {
            args.says("mode", "reduced");
            args.says("diagonal_of_r", "positive");
            let (q, r) = x[0].qr();
            vec![q, r]
        },
        "lu" => |x, args| {
            args.says("pivot", "partial");
            let (_, l, u) = x[0].lu();
            vec![l, u]
        },
        "gp_negative_log_likelihood" => |x, args| {
            // The case has no cotangents, so its parameters are constants: the gradient is that by a sum.
            let t = x[0] + x[0].full_like(0.0);
            let y = gaussian_process(t, x[1], x[2], args);
            let gradient = y.grad([t])[0];
            let row = |k: usize| gradient.index(0, k as isize).grad([t])[0];
            let rows: Vec<Var<'_>> = (0..t.shape()[0]).map(row).collect();
            vec![y, gradient, Var::stack(&rows, 0)]
        },
        _ => return None,
    };
    Some(row)
}

/// −ln p(y) for a Gaussian process with the kernel of the case; the parameters are logarithms.
fn gaussian_process<'t>(t: Var<'t>, points: Var<'t>, y: Var<'t>, args: &Args) -> Var<'t> {
    let kernel: String = args.need("kernel");
    let (n, d) = (points.shape()[0], points.shape()[1]);
    let differences = points.unsqueeze(1) - points.unsqueeze(0);
    let (formula, k) = match kernel.as_str() {
        "rbf" | "rbf_ard" => {
            let scales = if kernel == "rbf" { 1 } else { d };
            let squares = (differences / t.slice(0, 0..scales).exp()).square().sum_over(-1);
            let formula = match scales {
                _ if kernel == "rbf" => {
                    "k = exp(2 t1) exp(-|x-x'|^2 / (2 exp(2 t0))), noise variance exp(2 t2)"
                }
                _ => {
                    "k = exp(2 t[D]) exp(-sum_d (x_d-x'_d)^2 / (2 exp(2 t_d))), noise variance exp(2 t[D+1])"
                }
            };
            (formula, (squares * -0.5).exp())
        }
        "matern52" => {
            let squares = (differences / t.index(0, 0).exp()).square().sum_over(-1);
            let r = (squares + 1e-12).sqrt() * 5f64.sqrt();
            let formula = "r = sqrt(|x-x'|^2/exp(2 t0) + 1e-12), k = exp(2 t1) (1 + sqrt5 r + 5/3 |x-x'|^2/exp(2 t0)) exp(-sqrt5 r), noise exp(2 t2)";
            (formula, (1.0 + r + squares * (5.0 / 3.0)) * (-r).exp())
        }
        _ => args.unknown("kernel"),
    };
    args.says("formula", format!("y^T K^-1 y/2 + log det K/2 + N log(2 pi)/2; {formula}"));
    let [size, noise] = [-2, -1].map(|place| (t.index(0, place) * 2.0).exp());
    let k = k * size + y.tape().eye(n, y.dtype()) * noise;
    let l = k.cholesky();
    let z = l.solve_triangular(y, Triangle::LOWER);
    z.dot(z) * 0.5 + l.diagonal(0).ln().sum() + 0.5 * n as f64 * TAU.ln()
}

/// The solution of L·Lᵀ·X = B.
fn by_factor<'t>(l: Var<'t>, b: Var<'t>) -> Var<'t> {
    let z = l.solve_triangular(b, Triangle::LOWER);
    l.solve_triangular(z, Triangle::LOWER.transposed())
}

fn symmetric(x: Var<'_>) -> Var<'_> {
    (x + x.t()) * 0.5
}

/// With as many rows as a matrix has columns.
fn identity(x: Var<'_>) -> Var<'_> {
    x.tape().eye(x.shape()[x.rank() - 1], x.dtype())
}

fn plus_identity(x: Var<'_>) -> Var<'_> {
    x + identity(x)
}
