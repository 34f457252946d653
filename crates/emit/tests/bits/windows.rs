//! Convolutions and poolings.

use crate::host::{Case, PLAIN, check, of_several as case, some};
use autograd::{ConvForm, DType, PoolForm};

/// Each form of a convolution, and its adjoints: by number, by channel, in groups, in bands, in phases, far apart.
fn convolutions(dtype: DType) -> Vec<Case> {
    let mut all = vec![];
    let mut one = |shapes: [&[usize]; 2], form: ConvForm<1>| {
        all.push(case(dtype, &shapes, |x| x[0].conv1d(x[1], form)));
    };
    let form = ConvForm::default();
    one([&[2, 2, 6], &[3, 2, 3]], form);
    one([&[1, 2, 9], &[2, 2, 3]], form.stride(2).padding(2).dilation(2));
    one([&[1, 1, 3], &[2, 1, 2]], form.padding(4).stride(3));
    one([&[2, 2, 4], &[3, 2, 1]], form);
    one([&[2, 20, 1], &[3, 20, 1]], form);
    one([&[1, 3, 9], &[3, 1, 1]], form.groups(3));
    one([&[3, 40, 30], &[33, 40, 8]], form.stride(3).padding(2));
    one([&[1, 1, 5], &[1, 1, 4]], form.same());
    let mut two = |shapes: [&[usize]; 2], form: ConvForm<2>| {
        all.push(case(dtype, &shapes, |x| x[0].conv2d(x[1], form)));
    };
    let form = ConvForm::default();
    two([&[2, 2, 4, 5], &[2, 2, 2, 3]], form.padding([1, 0]));
    two([&[1, 4, 3, 4], &[6, 2, 2, 2]], form.groups(2).stride([1, 2]));
    two([&[2, 3, 6, 5], &[6, 1, 3, 2]], form.groups(3).stride(2).padding([2, 1]));
    two([&[2, 3, 9, 8], &[17, 3, 3, 2]], form.stride([2, 3]).padding(1));
    two([&[1, 2, 3, 4], &[2, 2, 2, 2]], form.dilation(50).padding(25));
    two([&[2, 3, 8, 9], &[4, 3, 4, 3]], form.stride([4, 3]));
    two([&[3, 30, 6, 6], &[20, 30, 3, 3]], form.padding(1));
    two([&[5, 1, 12, 12], &[4, 1, 3, 3]], form);
    // Several bands, and chunks of many images.
    two([&[2, 3, 170, 150], &[2, 3, 3, 3]], form.padding(1));
    all.push(case(dtype, &[&[1, 2, 5, 4], &[2, 2, 3, 2]], |x| {
        x[0].t().conv2d(x[1].t(), ConvForm::default())
    }));
    all.push(case(dtype, &[&[1, 2, 3, 4, 3], &[2, 2, 2, 2, 2]], |x| {
        x[0].conv3d(x[1], ConvForm::default().padding([0, 1, 1]))
    }));
    let form = ConvForm::default();
    for form in [form.stride(2).longer_by(1), form.stride(2).padding(1), form.dilation(2)] {
        all.push(case(dtype, &[&[2, 3, 5], &[3, 2, 4]], |x| x[0].conv_transpose1d(x[1], form)));
    }
    all.push(case(dtype, &[&[1, 70, 5, 4], &[70, 2, 5, 5]], |x| {
        x[0].conv_transpose2d(x[1], ConvForm::default().stride(2))
    }));
    all
}

fn poolings(dtype: DType) -> Vec<Case> {
    let mut all = vec![];
    for (shape, form) in [
        ([2, 2, 7, 6], PoolForm::of(2)),
        ([1, 2, 5, 6], PoolForm::of(2).stride([1, 2]).ceil()),
        ([1, 2, 7, 8], PoolForm::of(3).stride(2).padding(1)),
        ([2, 1, 7, 10], PoolForm::of([2, 3])),
        ([2, 1, 6, 5], PoolForm::of(2).dilation(2).stride(1)),
    ] {
        all.push(case(dtype, &[&shape], |x| (x[0] * 3.0).floor().max_pool2d(form) + x[0].max_pool2d(form)));
        all.push(case(dtype, &[&shape], |x| x[0].t().max_pool2d_with_index(form).1.cast(DType::F64)));
        all.push(case(dtype, &[&shape], |x| x[0].avg_pool2d(form)));
    }
    all.push(case(dtype, &[&[2, 11]], |x| x[0].max_pool1d(PoolForm::of(4).stride(2).padding(1))));
    all.push(case(dtype, &[&[3, 5, 4, 2]], |x| x[0].max_pool3d(PoolForm::of(2))));
    all
}

/// All of them.
pub(crate) fn of(dtype: DType) -> Vec<Case> {
    [convolutions(dtype), poolings(dtype)].into_iter().flatten().collect()
}

#[test]
fn windows_have_the_bits_of_the_interpreter() {
    check("windows", PLAIN, &of(DType::F32).into_iter().chain(some(of(DType::F64))).collect::<Vec<_>>());
}
