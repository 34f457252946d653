//! Each op that ONNX can say, in several forms; adjoints as gradients that are outputs.

use super::{Given, Table, numbers};
use autograd::{AttentionForm, ConvForm, DType, FftNorm, Params, PoolForm, ScatterReduce, Var};

fn indices(shape: impl Into<Vec<usize>>, values: &[i64]) -> Given {
    Given::Indices(shape.into(), values.to_vec())
}

/// The gradient of Σ y·sin y.
fn gradient<'t, const N: usize>(y: Var<'t>, by: [Var<'t>; N]) -> Vec<Var<'t>> {
    (y * y.sin()).sum().grad(by).to_vec()
}

pub(crate) fn add(table: &mut Table) {
    layouts(table);
    reductions(table);
    products(table);
    places(table);
    sliding(table);
    loops(table);
    calls(table);
    edges(table);
}

/// Numbers without axes, axes without elements, results that nothing computes.
fn edges(table: &mut Table) {
    table.op("numbers", &[Given::Numbers(vec![], vec![0.75]), numbers([3], -1.0..1.0)], |t, x| {
        let (number, row) = (x[0], x[1]);
        vec![
            number.exp(),
            number + row,
            number.sum(),
            number.broadcast_to([2, 3]),
            number.reshape([1, 1]),
            number.gt(0.5),
            number.gt(0.5).select(row, 0.0),
            row.sum() * number,
            row.dot(row),
            t.full(2.5, [2, 3], number.dtype()),
            t.full(1.0, [], DType::Bool),
            t.constant([1i64 << 60, -7, i64::MAX]),
            t.constant((0..40).collect::<Vec<i64>>()),
            number.full_like(f64::INFINITY),
            number.full_like(f64::NAN),
            t.full(4.0, [2, 1], number.dtype()).reshape([2]) + number,
        ]
    });
    table.op("nothing", &[Given::Numbers(vec![0, 3], vec![]), numbers([3, 2], -1.0..1.0)], |_, x| {
        let (none, matrix) = (x[0], x[1]);
        vec![
            none.matmul(matrix),
            none.sum_over([0isize]),
            none.sum(),
            none.exp().reshape([3, 0]),
            none.t().matmul(none),
            none.cumsum(0),
            Var::concat(&[none, none, matrix.t().slice(0, 0..1)], 0),
            none.pad(0, 2, 1),
            none.gt(0.0).select(none, 1.0),
            matrix.slice(0, 1..1).flip([1isize]),
        ]
    });
}

fn layouts(table: &mut Table) {
    let x = numbers([2, 3, 4], -2.0..2.0);
    table.op("layouts", std::slice::from_ref(&x), |_, x| {
        let x = x[0];
        vec![
            x.permute(&[2, 0, 1]),
            x.reshape([4, 6]),
            x.reshape([4, 6]).reshape([2, 3, 4]),
            x.slice(1, 1..3),
            x.flip([0isize, 2]),
            x.pad(2, 1, 2),
            Var::concat(&[x, x.slice(0, 0..1)], 0),
            Var::stack(&[x, x], 1),
            x.slice(1, 0..1).broadcast_to([5, 2, 3, 4]),
            x.detach() * 2.0,
            x.slice(2, 0..0),
            x.reshape([24]).diag(-1),
        ]
    });
    let truths = Given::Truths(vec![2, 3, 4], (0..24).map(|i| i % 3 == 0).collect());
    table.op("select and cast", &[x, truths], |_, x| {
        let (x, mask) = (x[0], x[1]);
        vec![
            mask.select(x, 0.0),
            mask.select(x.gt(0.0), mask),
            x.cast(DType::I64),
            x.cast(DType::F32),
            x.cast(DType::F64),
            mask.cast(x.dtype()),
            mask.cast(DType::I64),
            x.cast(DType::Bool),
            mask.eq(x.gt(0.0)),
            mask.pad(0, 1, 0),
        ]
    });
    table.op("diagonals", &[numbers([2, 3, 4], -2.0..2.0)], |_, x| {
        vec![x[0].diagonal(0), x[0].diagonal(1), x[0].diagonal(-2), x[0].diagonal(0).diag(1), x[0].tril(0)]
    });
}

fn reductions(table: &mut Table) {
    table.op("reductions", &[numbers([2, 3, 4], -2.0..2.0)], |_, x| {
        let x = x[0];
        vec![
            x.sum(),
            x.sum_over([0isize, 2]),
            x.mean_over([1isize]),
            x.max(),
            x.max_over([0isize, 2]),
            x.min_over([1isize]),
            x.argmax(1),
            x.argmin(-1),
            x.cumsum(1),
            x.cumsum(-1).flip([0isize]),
            x.softmax(1),
            x.log_softmax(-1),
            x.logsumexp_over([1isize]),
            x.prod_over([1isize]),
            x.argsort(1),
            x.top_k(-1, 2).0,
            x.sort_descending(-1),
            x.cumargmax(1),
            x.cummax(2),
        ]
    });
    table.op("reduction gradients", &[numbers([2, 3, 4], -2.0..2.0)], |_, x| {
        [
            x[0].cumsum(1),
            x[0].softmax(1),
            x[0].log_softmax(2),
            x[0].max_over([1isize]),
            x[0].prod_over([2isize]),
        ]
        .into_iter()
        .flat_map(|y| gradient(y, [x[0]]))
        .collect()
    });
    let ties = Given::Numbers(vec![2, 4], vec![1.0, 3.0, 3.0, 2.0, 5.0, 5.0, 5.0, 1.0]);
    table.op("ties", &[ties], |_, x| {
        vec![x[0].argmax(1), x[0].argsort(1), x[0].argsort_descending(1), x[0].cumargmax(1)]
    });
}

fn products(table: &mut Table) {
    let points = [numbers([2, 3, 4], -2.0..2.0), numbers([2, 5, 4], -1.0..3.0)];
    table.op("distances", &points, |_, x| {
        let far = x[0].cdist(x[1], 2.0);
        let mut all = vec![far];
        all.extend(gradient(far, [x[0], x[1]]));
        let along = gradient(far, [x[0]])[0];
        all.extend(gradient(along, [x[1]]));
        all
    });
    let inputs = [numbers([2, 3, 4], -1.0..1.0), numbers([4, 5], -1.0..1.0), numbers([2, 4, 2], -1.0..1.0)];
    table.op("products", &inputs, |_, x| {
        let row = x[0].slice(0, 0..1).reshape([3, 4]);
        vec![row.matmul(x[1]), x[0].matmul(x[1]), x[0].matmul(x[2]), row.matmul(x[2]), row.t().matmul(row)]
    });
    table.op("determinants", &[numbers([2, 3, 3], -1.0..1.0)], |_, x| vec![x[0].det()]);
    let inputs = [
        numbers([2, 3, 4], -1.0..1.0),
        numbers([2, 5, 4], -1.0..1.0),
        numbers([2, 5, 2], -1.0..1.0),
        Given::Truths(vec![3, 5], (0..15).map(|i| i % 4 != 1 && i < 10).collect()),
        numbers([3, 5], -1.0..1.0),
    ];
    table.op("attention", &inputs, |_, x| {
        let [q, k, v, mask] = [0, 1, 2, 3].map(|i| x[i]);
        let mut all = vec![q.attention(k, v, None), q.attention(k, v, Some(mask)), q.causal_attention(k, v)];
        all.extend(gradient(q.attention(k, v, Some(mask)), [q, k, v]));
        all.extend(gradient(q.causal_attention(k, v), [q, k, v]));
        // The bias of all entries, and of their keys.
        for bias in [x[4], x[4].slice(0, 1..2)] {
            let form = AttentionForm { causal: true, bias: Some(bias), ..AttentionForm::default() };
            let y = q.attention_with(k, v, form);
            all.push(y);
            all.extend(gradient(y, [q, k, v]));
            all.extend(gradient(y, [bias]));
        }
        all
    });
    table.op("transforms", &[numbers([2, 6, 3], -1.0..1.0)], |_, x| {
        let pairs = x[0].rfft(1, FftNorm::Backward);
        vec![
            pairs,
            x[0].rfft(-1, FftNorm::Ortho),
            x[0].rfft(0, FftNorm::Forward),
            pairs.fft(0, FftNorm::Backward),
            pairs.ifft(1, FftNorm::Backward),
        ]
    });
}

fn places(table: &mut Table) {
    let inputs = [
        numbers([4, 3], -2.0..2.0),
        indices([4], &[2, 0, 1, 2]),
        indices([2, 3], &[3, 0, 1, 1, 0, 1]),
        numbers([2, 3], -2.0..2.0),
        indices([2], &[3, 1]),
    ];
    table.op("places", &inputs, |_, x| {
        let [x, column, along, source, rows] = [0, 1, 2, 3, 4].map(|i| x[i]);
        let mut all = vec![
            x.pick(column),
            x.gather(0, along),
            x.scatter_add(0, along, source),
            x.take(0, along),
            x.take(1, column),
            x.index_add(0, rows, source),
            x.take_at(&[rows, column.slice(0, 0..2)]),
            x.scatter_reduce(0, along, source, ScatterReduce::Mean, true),
        ];
        for y in [x.pick(column), x.gather(0, along), x.take(0, along), x.take(1, column)] {
            all.extend(gradient(y, [x]));
        }
        all.extend(gradient(x.take_at(&[rows, column.slice(0, 0..2)]), [x]));
        all
    });
    let sorted = Given::Numbers(vec![5], vec![-1.0, 0.0, 0.0, 1.0, 2.0]);
    let values = Given::Numbers(vec![2, 4], vec![-2.0, 0.0, 0.5, 3.0, 2.0, 1.0, -1.0, 0.0]);
    table.op("searches", &[sorted, values], |_, x| {
        let rows = x[1].sort(-1);
        vec![x[0].search_sorted(x[1], false), x[0].search_sorted(x[1], true), rows.search_sorted(x[1], true)]
    });
}

fn sliding(table: &mut Table) {
    let forms = [
        ("plain", ConvForm::default()),
        ("strided", ConvForm::default().stride(2).padding([1, 2])),
        ("dilated", ConvForm::default().dilation([2, 1]).padding(2)),
        ("same", ConvForm::default().same()),
        ("far strides", ConvForm::default().stride([4, 3])),
    ];
    for (name, form) in forms {
        let inputs = [numbers([2, 2, 7, 8], -1.0..1.0), numbers([4, 2, 3, 2], -1.0..1.0)];
        table.op(&format!("conv {name}"), &inputs, |_, x| {
            let y = x[0].conv2d(x[1], form);
            let mut all = vec![y];
            all.extend(gradient(y, [x[0], x[1]]));
            all
        });
    }
    // In F64 nobody but us computes these right: the runtime has no kernel, and the reference fails.
    let inputs = [numbers([2, 4, 9, 2], -1.0..1.0), numbers([6, 2, 3, 1], -1.0..1.0)];
    table.add("conv groups", Params::f32(), &inputs, |_, x| {
        let y = x[0].conv2d(x[1], ConvForm::default().groups(2).stride([2, 1]).padding([1, 0]));
        let mut all = vec![y];
        all.extend(gradient(y, [x[0], x[1]]));
        all
    });
    let inputs =
        [numbers([2, 4, 5], -1.0..1.0), numbers([6, 4, 3], -1.0..1.0), numbers([1, 1, 3, 4, 3], -1.0..1.0)];
    table.add("conv and pool of one and three axes", Params::f32(), &inputs, |_, x| {
        let cube = x[2].conv3d(x[2].slice(2, 0..2), ConvForm::default());
        vec![
            x[0].conv1d(x[1], ConvForm::default().stride(2).padding(1)),
            cube,
            x[0].max_pool1d(PoolForm::of(2)),
            x[2].max_pool3d(PoolForm::of(2).stride(1)),
        ]
    });
    let inputs = [numbers([2, 2, 4, 3], -1.0..1.0), numbers([2, 3, 3, 2], -1.0..1.0)];
    table.op("conv transposed", &inputs, |_, x| {
        let form = ConvForm::default().stride(2).padding(1);
        vec![x[0].conv_transpose2d(x[1], form), x[0].conv_transpose2d(x[1], form.longer_by(1))]
    });
    let pools = [
        ("plain", PoolForm::of(2)),
        ("ceil", PoolForm::of([3, 2]).stride(2).padding(1).ceil()),
        ("dilated", PoolForm::of([2, 3]).stride(1).dilation([2, 1])),
        ("far", PoolForm::of(2).stride([3, 4])),
    ];
    for (name, form) in pools {
        table.op(&format!("pool {name}"), &[numbers([2, 3, 7, 8], -1.0..1.0)], |_, x| {
            let (y, places) = x[0].max_pool2d_with_index(form);
            let mut all = vec![y, places, x[0].avg_pool2d(form)];
            all.extend(gradient(y, [x[0]]));
            all.extend(gradient(x[0].avg_pool2d(form), [x[0]]));
            all.extend(gradient(x[0].max_pool2d(form), [x[0]]));
            all
        });
    }
    table.op("windows", &[numbers([2, 9, 3], -1.0..1.0)], |_, x| {
        let windows = x[0].windows(1, 3, 2);
        let mut all = vec![windows, windows.overlap_add(1, 9, 2)];
        all.extend(gradient(windows, [x[0]]));
        all
    });
}

fn calls(table: &mut Table) {
    autograd::elementwise!(fn gap(a, b) -> y { value: (a - b).square() * 0.5, slope: a - b, b - a });
    let inputs = [numbers([3, 4], -1.0..1.0), numbers([4], 0.5..1.0)];
    table.op("functions and checkpoints", &inputs, |t, x| {
        let y = gap(x[0], x[1]);
        let z = t.checkpoint(x[0], |x0| t.checkpoint(gap(x0, x[1]), |y| y.sin()) * x[1]);
        let mut all = vec![y, z, x[0].straight_through(x[0].floor())];
        all.extend(gradient(y * z, [x[0], x[1]]));
        all
    });
}

fn loops(table: &mut Table) {
    let inputs = [numbers([5, 3], -1.0..1.0), numbers([5, 3], -1.0..1.0)];
    table.op("recurrences", &inputs, |_, x| {
        let y = x[0].linear_recurrence(x[1], 0);
        let mut all = vec![y, x[0].linear_recurrence(x[1], 1)];
        all.extend(gradient(y, [x[0], x[1]]));
        all
    });
    table.op("loops", &[numbers([4, 3], -1.0..1.0), numbers([3], 0.5..1.0)], |t, x| {
        let zero = t.full(0.0, [3], x[0].dtype());
        let (last, all) = t.scan(4, zero, x[0], |h, x1| {
            let h = h * x[1] + x1;
            (h, [h, h.gt(0.0).cast(DType::I64)])
        });
        let mut results = vec![last, all[0], all[1]];
        // Without anything that is read.
        let (halved, ()) = t.scan(3, x[1], (), |h, ()| (h * 0.5 + 1.0, ()));
        results.push(halved);
        results.push(t.while_loop(9, x[1], |h| h.max().lt(7.0), |h| h * 2.0));
        results.extend(gradient(last, [x[0], x[1]]));
        // Without anything that is carried; what is read comes out as it went in, and twice.
        let ((), each) = t.scan(4, (), x[0], |(), x| ((), [x, x, x.exp()]));
        results.extend(each);
        // A loop within a loop.
        let (nested, ()) = t.scan(2, x[1], (), |h, ()| {
            let (inner, ()) = t.scan(2, h, (), |g, ()| (g * x[1] + 0.25, ()));
            (inner + h, ())
        });
        results.push(nested);
        results
    });
}
