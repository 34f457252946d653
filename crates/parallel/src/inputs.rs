//! The inputs of a rank, cut into those of its shards.

use autograd::planned::DataRef;
use autograd::{AnyTensor, DType, Data, Inputs, Key, Program, ProgramError, Shape};
use std::ops::Range;

/// What an input of a step means for its shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Rows, of which each shard has its own.
    Rows,
    /// The same for all shards.
    Shared,
    /// A key, of which each shard folds in its number.
    Key,
}

/// The inputs of a rank.
pub(crate) struct Cut<'a> {
    inputs: Vec<Whole<'a>>,
    shards: Range<usize>,
}

/// One input of a rank.
enum Whole<'a> {
    /// Shards have so many elements each.
    Rows(Elements<'a>, usize),
    /// All shards have the same.
    Shared(Elements<'a>),
    /// Each shard has a key of its own.
    Key(Key),
}

enum Elements<'a> {
    Lent(DataRef<'a>),
    Copied(Data),
}

/// One input of one shard.
enum Piece<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I64(&'a [i64]),
    Bool(&'a [bool]),
    Key(Key),
}

impl<'a> Cut<'a> {
    /// Those of a rank that has these shards.
    pub(crate) fn new(
        program: &Program,
        shards: Range<usize>,
        roles: &[Role],
        given: &'a impl Inputs,
    ) -> Result<Cut<'a>, ProgramError> {
        let mut all: Vec<&dyn AnyTensor> = vec![];
        given.each(&mut |x| all.push(x));
        let expected: Vec<(&str, &Shape, DType)> = program.inputs().collect();
        if all.len() != expected.len() {
            let names: Vec<String> = expected.iter().map(|(name, ..)| format!("`{name}`")).collect();
            let (expected, given) = (expected.len(), all.len());
            return Err(ProgramError::InputCount { expected, given, names: names.join(", ") });
        }
        let mut inputs = vec![];
        for ((x, (name, shape, dtype)), role) in all.into_iter().zip(expected).zip(roles) {
            let name = || name.to_owned();
            if x.dtype() != dtype {
                return Err(ProgramError::InputDType { name: name(), expected: dtype, given: x.dtype() });
            }
            let given = x.dimensions();
            let whole = Whole::new(x, shape, shards.len(), *role);
            inputs.push(whole.map_err(|expected| ProgramError::InputShape {
                name: name(),
                expected,
                given,
            })?);
        }
        Ok(Cut { inputs, shards })
    }

    /// Calls a function with the inputs of a shard.
    pub(crate) fn with<R>(&self, shard: usize, f: impl FnOnce(&[&dyn AnyTensor]) -> R) -> R {
        let pieces: Vec<Piece<'_>> =
            self.inputs.iter().map(|whole| whole.piece(shard, self.shards.start)).collect();
        let list: Vec<&dyn AnyTensor> = pieces.iter().map(Piece::tensor).collect();
        f(&list)
    }
}

impl<'a> Whole<'a> {
    /// An input for so many shards, each of which takes one of this shape; or the shape that it has to have.
    fn new(x: &'a dyn AnyTensor, shape: &Shape, shards: usize, role: Role) -> Result<Whole<'a>, Shape> {
        let mut all: Vec<usize> = shape.to_vec();
        if role == Role::Rows {
            all[0] *= shards;
        }
        if !x.fits(&all) && !x.fits(&[all.iter().product()]) {
            return Err(Shape::from(all));
        }
        let elements = match x.piece() {
            Some(piece) => Elements::Lent(piece),
            None => Elements::Copied(copied(x)),
        };
        Ok(match (role, elements.borrow()) {
            (Role::Key, DataRef::I64(&[a, b])) => Whole::Key(Key::from_words([a, b])),
            (Role::Rows, _) => Whole::Rows(elements, shape.elements()),
            _ => Whole::Shared(elements),
        })
    }

    fn piece(&self, shard: usize, first: usize) -> Piece<'_> {
        match self {
            Whole::Key(key) => Piece::Key(key.fold_in(shard as u64)),
            Whole::Shared(elements) => Piece::of(elements.borrow(), None),
            Whole::Rows(elements, one) => {
                let start = (shard - first) * one;
                Piece::of(elements.borrow(), Some(start..start + one))
            }
        }
    }
}

impl Elements<'_> {
    fn borrow(&self) -> DataRef<'_> {
        match self {
            Elements::Lent(data) => *data,
            Elements::Copied(Data::F32(v)) => DataRef::F32(v),
            Elements::Copied(Data::F64(v)) => DataRef::F64(v),
            Elements::Copied(Data::I64(v)) => DataRef::I64(v),
            Elements::Copied(Data::Bool(v)) => DataRef::Bool(v),
        }
    }
}

impl<'a> Piece<'a> {
    fn of(data: DataRef<'a>, range: Option<Range<usize>>) -> Piece<'a> {
        fn part<T>(x: &[T], range: Option<Range<usize>>) -> &[T] {
            range.map_or(x, |range| &x[range])
        }
        match data {
            DataRef::F32(x) => Piece::F32(part(x, range)),
            DataRef::F64(x) => Piece::F64(part(x, range)),
            DataRef::I64(x) => Piece::I64(part(x, range)),
            DataRef::Bool(x) => Piece::Bool(part(x, range)),
        }
    }

    fn tensor(&self) -> &dyn AnyTensor {
        match self {
            Piece::F32(x) => x,
            Piece::F64(x) => x,
            Piece::I64(x) => x,
            Piece::Bool(x) => x,
            Piece::Key(key) => key,
        }
    }
}

/// The elements of a tensor that does not hold them in one piece.
fn copied(x: &dyn AnyTensor) -> Data {
    let mut data = match x.dtype() {
        DType::F32 => Data::F32(vec![]),
        DType::F64 => Data::F64(vec![]),
        DType::I64 => Data::I64(vec![]),
        _ => Data::Bool(vec![]),
    };
    x.copy_to(&mut data);
    data
}
