//! Hashes by which ranks tell whether they do the same.

use crate::Shards;
use autograd::planned::{DataRef, Op, RecordedInput};
use autograd::{Buffer, DType, Optimizer, Params, Program};
use bytemuck::cast_slice;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a program computes, of which parameters, and how its step is cut.
pub(crate) fn of_program(program: &Program, params: &Params, shards: &Shards<'_>) -> u64 {
    let mut hash = DefaultHasher::new();
    (shards.count, shards.order, shards.owners).hash(&mut hash);
    for p in params.iter() {
        (params.name(p), &params.shape(p)[..]).hash(&mut hash);
    }
    for node in program.recorded().all() {
        (node.op.name(), node.op.attributes(), node.operands, &node.shape()[..], node.dtype())
            .hash(&mut hash);
        match node.op {
            Op::Parameter(p) => p.index().hash(&mut hash),
            Op::Full(x) => x.to_bits().hash(&mut hash),
            Op::Input(number) => match program.recorded_input(*number) {
                RecordedInput::Given(name) => name.hash(&mut hash),
                RecordedInput::Buffer(buffer) => buffer.index().hash(&mut hash),
                RecordedInput::Constant(data) => of_data(data, &mut hash),
            },
            _ => {}
        }
    }
    program.recorded().results().hash(&mut hash);
    hash.finish()
}

/// The hyper-parameters of an optimiser.
pub(crate) fn of_optimizer(optimizer: &(impl Optimizer + ?Sized)) -> u64 {
    let mut hash = DefaultHasher::new();
    for (name, value) in optimizer.hyperparameters() {
        (name, value.to_bits()).hash(&mut hash);
    }
    hash.finish()
}

/// All parameters and buffers. It is not 0, which stands for those of the last step.
pub(crate) fn of_params(params: &Params) -> u64 {
    let mut hash = DefaultHasher::new();
    match params.dtype() {
        DType::F32 => of_data(DataRef::F32(params.slab_of()), &mut hash),
        _ => of_data(DataRef::F64(params.slab_of()), &mut hash),
    }
    params.buffers().for_each(|buffer| of_data(values(params, buffer), &mut hash));
    hash.finish() | 1
}

/// The values of a buffer.
fn values(params: &Params, buffer: Buffer) -> DataRef<'_> {
    match params.buffer_dtype(buffer) {
        DType::F32 => DataRef::F32(params.buffer_values(buffer)),
        DType::F64 => DataRef::F64(params.buffer_values(buffer)),
        DType::I64 => DataRef::I64(params.buffer_values(buffer)),
        _ => DataRef::Bool(params.buffer_values(buffer)),
    }
}

/// Numbers, by their bits.
pub(crate) fn of_data(data: DataRef<'_>, hash: &mut DefaultHasher) {
    match data {
        DataRef::F32(x) => hash.write(cast_slice(x)),
        DataRef::F64(x) => hash.write(cast_slice(x)),
        DataRef::I64(x) => hash.write(cast_slice(x)),
        DataRef::Bool(x) => x.hash(hash),
    }
}
