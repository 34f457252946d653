//! Numbers as bytes, and as C has them.

use autograd::DType;
use autograd::planned::DataRef;

/// The bytes of an element.
pub(crate) fn size(dtype: DType) -> usize {
    match dtype {
        DType::F32 => 4,
        DType::F64 | DType::I64 => 8,
        _ => 1,
    }
}

/// Numbers as bytes.
pub(crate) fn bytes(data: DataRef<'_>) -> &[u8] {
    match data {
        DataRef::F32(x) => bytemuck::cast_slice(x),
        DataRef::F64(x) => bytemuck::cast_slice(x),
        DataRef::I64(x) => bytemuck::cast_slice(x),
        DataRef::Bool(x) => bytemuck::cast_slice(x),
    }
}

/// The type of C that has the bits of a dtype.
pub(crate) fn c_type(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "float",
        DType::F64 => "double",
        DType::I64 => "wg_long",
        _ => "wg_bool",
    }
}
