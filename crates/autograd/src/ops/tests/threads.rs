//! Programs give the same bits whoever does the work: every op, at sizes at which the work is shared.

use super::{COMPARE_OPS, Row, binary_ops, row, unary_ops};
use crate::ir::Scatter;
use crate::record::record;
use crate::{AnyTensor, Params, Program, Var};

/// Elements of a large argument.
const MANY: usize = 160_000;

fn rows() -> Vec<Row> {
    let (flat, matrix): (&[usize], &[usize]) = (&[MANY], &[320, 500]);
    let mut all = vec![];
    for (op, domain) in unary_ops() {
        all.push(Row { domain, ..row(op.name(), &[flat], move |x| record(op, &[x[0]])) });
    }
    for (op, domain) in binary_ops() {
        for shapes in [[flat, flat], [matrix, &[500]], [&[320, 1], matrix]] {
            let both = row(op.name(), &shapes, move |x| crate::ops::binary_of(op, x[0], x[1]));
            all.push(Row { domain: domain.clone(), ..both });
        }
    }
    for &op in COMPARE_OPS {
        all.push(row(op.name(), &[matrix, &[500]], move |x| {
            crate::ops::binary_of(op, x[0], x[1]).cast(x[0].dtype()) * x[0].sin()
        }));
    }
    all.push(row("select", &[matrix, &[500]], |x| x[0].gt(x[1]).select(x[0].sin(), x[1])));
    all.push(row("cast", &[flat], |x| x[0] * x[0].cast(crate::DType::Bool).cast(x[0].dtype()).sin()));
    all.push(row("detach", &[flat], |x| x[0].sin() * x[0].detach()));
    all.push(row("broadcast", &[&[500]], |x| x[0].broadcast_to([320, 500]).sin()));
    all.push(row("reshape", &[matrix], |x| x[0].t().reshape([400, 400]).sin()));
    all.push(row("permute", &[&[20, 80, 100]], |x| x[0].permute(&[2, 0, 1]).sin()));
    all.push(row("slice", &[matrix], |x| x[0].sin().slice(1, 3..453).cos().exp()));
    all.push(row("pad", &[matrix], |x| x[0].sin().pad(0, 3, 2).exp()));
    all.push(row("concat", &[matrix, matrix], |x| Var::concat(&[x[0].sin(), x[1]], 1).exp()));
    all.push(row("sum", &[flat], |x| x[0].sin().sum()));
    for axes in [[0], [1]] {
        all.push(row("sum_over", &[matrix], move |x| x[0].sin().sum_over(&axes)));
        all.push(row("max_over", &[matrix], move |x| x[0].sin().max_over(&axes)));
        all.push(row("argmax", &[matrix], move |x| {
            x[0].sin().argmax(axes[0]).cast(x[0].dtype()).sum() * x[0].sin()
        }));
        all.push(row("softmax", &[matrix], move |x| x[0].sin().softmax(axes[0])));
        all.push(row("log_softmax", &[matrix], move |x| x[0].sin().log_softmax(axes[0])));
    }
    all.push(row("matmul", &[&[150, 160], &[160, 170]], |x| x[0].matmul(x[1])));
    all.push(row("matmul of transposes", &[&[160, 150], &[170, 160]], |x| x[0].t().matmul(x[1].t())));
    all.push(row("matmul of a batch", &[&[3, 100, 90], &[90, 110]], |x| x[0].matmul(x[1])));
    all.push(row("pick", &[matrix], |x| {
        let labels: Vec<i64> = (0..320).map(|i| i * 7 % 500).collect();
        x[0].sin().pick(x[0].tape().constant(labels))
    }));
    all.push(row("scatter", &[&[400]], |x| {
        let labels: Vec<i64> = (0..400).map(|i| i * 7 % 500).collect();
        record(Scatter { columns: 500 }, &[x[0].sin(), x[0].tape().constant(labels)]).cos().exp()
    }));
    all
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (rows, mut alone) = (rows(), vec![]);
    for row in &rows {
        let params = Params::new();
        let arguments: Vec<_> = row.arguments().iter().map(|a| a.mapv(|x| x as f32)).collect();
        let given: Vec<&dyn AnyTensor> = arguments.iter().map(|a| a as &dyn AnyTensor).collect();
        let program = Program::trace(&params, |t| {
            let x: Vec<Var<'_>> =
                arguments.iter().enumerate().map(|(i, a)| t.input(&format!("x{i}"), a.shape())).collect();
            let y = (row.f)(&x);
            let loss = (y.square() + y.sin()).sum();
            t.outputs([y, loss].into_iter().chain(loss.grads(&x)).collect::<Vec<_>>())
        });
        let program = program.unwrap_or_else(|e| panic!("{}: {e}", row.name));
        let mut run = |threads| -> Vec<Vec<u32>> {
            let mut state = program.state().with_threads(threads);
            if threads == 7 && state.threads() == 1 {
                alone.push(row.name.clone());
            }
            let out = program.run(&mut state, &params, &given[..]).unwrap();
            (0..arguments.len() + 2)
                .map(|i| out.slice::<f32>(i).iter().map(|x| x.to_bits()).collect())
                .collect()
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{} with {threads} threads", row.name);
        }
    }
    // The test says nothing where a plan stays with the caller.
    assert!(alone.len() * 10 < rows.len() || !cfg!(feature = "threads"), "no work is shared by {alone:?}");
}
