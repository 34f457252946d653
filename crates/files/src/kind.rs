//! Element types of files: how their bytes become numbers of the four dtypes.

use autograd::{DType, Data};

/// An element type that a file may have. Small floats are widened to `F32`, integers to `I64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F64,
    F32,
    F16,
    Bf16,
    /// Eight bits with four of exponent: no infinities, one NaN of each sign.
    F8E4M3,
    F8E5M2,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl Kind {
    /// The bytes of an element.
    pub(crate) fn size(self) -> usize {
        match self {
            Kind::F64 | Kind::I64 | Kind::U64 => 8,
            Kind::F32 | Kind::I32 | Kind::U32 => 4,
            Kind::F16 | Kind::Bf16 | Kind::I16 | Kind::U16 => 2,
            Kind::F8E4M3 | Kind::F8E5M2 | Kind::I8 | Kind::U8 | Kind::Bool => 1,
        }
    }

    /// The element type of a dtype.
    pub(crate) fn of(dtype: DType) -> Kind {
        match dtype {
            DType::F32 => Kind::F32,
            DType::F64 => Kind::F64,
            DType::I64 => Kind::I64,
            DType::Bool => Kind::Bool,
            other => unreachable!("{other} is no dtype of this version"),
        }
    }

    /// The elements of as many whole ones as there are bytes. The error says what stands there and what is expected.
    pub(crate) fn decode(self, bytes: &[u8], big_endian: bool) -> Result<Data, [String; 2]> {
        fn cut<const N: usize, T>(bytes: &[u8], big: bool, read: impl Fn([u8; N]) -> T) -> Vec<T> {
            let read = |mut bytes: [u8; N]| {
                if big {
                    bytes.reverse();
                }
                read(bytes)
            };
            bytes.as_chunks().0.iter().map(|&bytes| read(bytes)).collect()
        }
        let half =
            |e, m| Data::F32(cut(bytes, big_endian, |b| small_float(u16::from_le_bytes(b), e, m, true)));
        let eighth =
            |e, m, ieee| Data::F32(bytes.iter().map(|&b| small_float(b.into(), e, m, ieee)).collect());
        macro_rules! whole {
            ($T:ty) => {
                Data::I64(cut(bytes, big_endian, |b| <$T>::from_le_bytes(b).into()))
            };
        }
        Ok(match self {
            Kind::F64 => Data::F64(cut(bytes, big_endian, f64::from_le_bytes)),
            Kind::F32 => Data::F32(cut(bytes, big_endian, f32::from_le_bytes)),
            Kind::F16 => half(5, 10),
            Kind::Bf16 => {
                let widen = |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16);
                Data::F32(cut(bytes, big_endian, widen))
            }
            Kind::F8E4M3 => eighth(4, 3, false),
            Kind::F8E5M2 => eighth(5, 2, true),
            Kind::I64 => whole!(i64),
            Kind::I32 => whole!(i32),
            Kind::I16 => whole!(i16),
            Kind::I8 => whole!(i8),
            Kind::U32 => whole!(u32),
            Kind::U16 => whole!(u16),
            Kind::U8 => whole!(u8),
            Kind::U64 => {
                let values = cut(bytes, big_endian, u64::from_le_bytes);
                let narrow = |x| {
                    let expected = "integers that I64 has, up to 9223372036854775807".to_owned();
                    i64::try_from(x).map_err(|_| [format!("the number {x}"), expected])
                };
                Data::I64(values.into_iter().map(narrow).collect::<Result<_, _>>()?)
            }
            Kind::Bool => match bytes.iter().find(|&&byte| byte > 1) {
                None => Data::Bool(bytes.iter().map(|&byte| byte == 1).collect()),
                Some(odd) => return Err([format!("a truth value of {odd}"), "0 or 1".to_owned()]),
            },
        })
    }
}

/// A number of one bit of sign, `e` bits of exponent and `m` of mantissa: (−1)ˢ·2^(E − bias)·1.M, and subnormal ones. All of them
/// are numbers of `f32`. Without `ieee`, the largest exponent is one of numbers, but for the mantissa of ones, which is NaN.
/// Sources: IEEE 754-2019, section 3.4; Micikevicius et al., *FP8 Formats for Deep Learning*, 2022, section 3.
fn small_float(bits: u16, e: i32, m: i32, ieee: bool) -> f32 {
    let (exponent, mantissa) = (i32::from(bits >> m) & ((1 << e) - 1), i32::from(bits) & ((1 << m) - 1));
    let (top, bias) = (exponent == (1 << e) - 1, (1 << (e - 1)) - 1);
    let power = |k: i32| f64::from_bits(((1023 + k) as u64) << 52);
    let size = match exponent {
        _ if top && ieee && mantissa == 0 => f64::INFINITY,
        _ if top && (ieee || mantissa == (1 << m) - 1) => f64::NAN,
        0 => f64::from(mantissa) * power(1 - bias - m),
        _ => f64::from(mantissa + (1 << m)) * power(exponent - bias - m),
    };
    (if bits >> (e + m) & 1 == 1 { -size } else { size }) as f32
}

/// The elements as bytes, little-endian.
pub(crate) fn encode(data: &Data) -> Vec<u8> {
    let mut bytes = vec![];
    append(&mut bytes, data);
    bytes
}

/// Adds the elements as bytes, little-endian.
pub(crate) fn append(bytes: &mut Vec<u8>, data: &Data) {
    fn each<T: Copy, const N: usize>(bytes: &mut Vec<u8>, numbers: &[T], write: impl Fn(T) -> [u8; N]) {
        let start = bytes.len();
        bytes.resize(start + numbers.len() * N, 0);
        let places = bytes[start..].as_chunks_mut().0;
        places.iter_mut().zip(numbers).for_each(|(place, &x)| *place = write(x));
    }
    match data {
        Data::F32(v) => each(bytes, v, f32::to_le_bytes),
        Data::F64(v) => each(bytes, v, f64::to_le_bytes),
        Data::I64(v) => each(bytes, v, i64::to_le_bytes),
        Data::Bool(v) => each(bytes, v, |x| [u8::from(x)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats_are_what_their_formats_say() {
        let half = |bits| small_float(bits, 5, 10, true);
        assert_eq!(
            [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400].map(half),
            [1.0, -2.0, 65504.0, 2f32.powi(-24), 2f32.powi(-14)]
        );
        assert_eq!((half(0x7c00), half(0xfc00)), (f32::INFINITY, f32::NEG_INFINITY));
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
        let e4m3 = |bits| small_float(bits, 4, 3, false);
        assert_eq!([0x38, 0x7e, 0x01, 0xb8].map(e4m3), [1.0, 448.0, 2f32.powi(-9), -1.0]);
        assert!(e4m3(0x7f).is_nan() && e4m3(0xff).is_nan());
        let e5m2 = |bits| small_float(bits, 5, 2, true);
        assert_eq!([0x3c, 0x7b, 0x01, 0x7c].map(e5m2), [1.0, 57344.0, 2f32.powi(-16), f32::INFINITY]);
    }

    #[test]
    fn what_no_dtype_holds_is_refused() {
        let error = Kind::U64.decode(&u64::MAX.to_le_bytes(), false).unwrap_err();
        assert_eq!(error[0], "the number 18446744073709551615");
        assert_eq!(Kind::Bool.decode(&[2], false).unwrap_err()[1], "0 or 1");
        assert_eq!(Kind::I16.decode(&[1, 2], true), Ok(Data::I64(vec![0x0102])));
    }
}
