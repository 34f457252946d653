//! State dicts that PyTorch takes.

use super::storage::Element;
use crate::archive;
use crate::kind::{self, Kind};
use crate::layout::row_major;
use crate::tensors::Tensors;
use autograd::NamedTensor;

/// The archive: the pickle, the order of bytes, the numbers of each tensor, the version.
pub(super) fn encode(tensors: &Tensors) -> Vec<u8> {
    let entry = |name: &str, bytes: Vec<u8>| (format!("archive/{name}"), bytes);
    let mut entries = vec![entry("data.pkl", pickle(tensors)), entry("byteorder", b"little".to_vec())];
    let numbers = tensors.list.iter().enumerate();
    entries.extend(numbers.map(|(i, tensor)| entry(&format!("data/{i}"), kind::encode(&tensor.data))));
    entries.push(entry("version", b"3\n".to_vec()));
    archive::encode(&entries, false)
}

/// A program of protocol 2 that makes a dictionary of tensors.
fn pickle(tensors: &Tensors) -> Vec<u8> {
    let mut program = b"\x80\x02}(".to_vec();
    for (i, tensor) in tensors.list.iter().enumerate() {
        text(&mut program, &tensor.name);
        rebuilt(&mut program, i, tensor);
    }
    program.extend(b"u.");
    program
}

/// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`, with the storage by its persistent id.
fn rebuilt(program: &mut Vec<u8>, i: usize, tensor: &NamedTensor) {
    program.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(program, "storage");
    program.extend(format!("ctorch\n{}\n", Element::class(Kind::of(tensor.data.dtype()))).bytes());
    text(program, &i.to_string());
    text(program, "cpu");
    integer(program, tensor.data.len());
    program.extend(b"tQ");
    integer(program, 0);
    for lengths in [&tensor.shape[..], &row_major(&tensor.shape)] {
        program.push(b'(');
        lengths.iter().for_each(|&length| integer(program, length));
        program.push(b't');
    }
    program.extend(b"\x89ccollections\nOrderedDict\n)RtR");
}

fn text(program: &mut Vec<u8>, text: &str) {
    program.push(b'X');
    program.extend(u32::try_from(text.len()).expect("names are shorter than 4 GiB").to_le_bytes());
    program.extend(text.bytes());
}

fn integer(program: &mut Vec<u8>, value: usize) {
    program.extend([0x8a, 8]);
    program.extend((value as i64).to_le_bytes());
}
