//! Arguments of calls, drawn from a seed: most of them fit, and some are as hostile as their type allows.

use autograd::{
    Border, ConvForm, DType, Interpolation, PerAxis, PoolForm, ScatterReduce, Tape, Triangle, Var,
};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use std::fmt::Debug;

const HUGE: [usize; 6] = [usize::MAX, isize::MAX as usize, usize::MAX / 2 + 1, 1 << 62, 1 << 40, 1 << 33];
const FAR: [isize; 6] = [isize::MIN, isize::MAX, isize::MIN + 1, 1 << 62, -(1 << 40), 100];
const OUTSIDE: [i64; 6] = [i64::MIN, i64::MAX, -1, 1 << 40, 7, i64::MIN + 1];
const ODD: [f64; 6] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300, -3.5];

/// The arguments of one call.
pub(crate) struct Draw<'t> {
    rng: ChaCha8Rng,
    tape: &'t Tape<'t>,
    /// How many arguments of a hundred are hostile: in many calls none.
    hostile: usize,
    operands: Vec<Var<'t>>,
    told: Vec<String>,
}

impl<'t> Draw<'t> {
    pub(crate) fn new(tape: &'t Tape<'t>, seed: u64) -> Draw<'t> {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let mut d = Draw { rng, tape, hostile: 0, operands: vec![], told: vec![] };
        d.hostile = [0, 0, 8, 30][d.below(4)];
        d
    }

    /// The arguments so far, as text.
    pub(crate) fn told(&self) -> String {
        self.told.join(", ")
    }

    /// The first operand.
    pub(crate) fn first(&self) -> Option<Var<'t>> {
        self.operands.first().copied()
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.rng.next_u64() % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn hostile(&mut self) -> bool {
        self.chance(self.hostile)
    }

    pub(crate) fn one<T: Copy + Debug>(&mut self, of: &[T]) -> T {
        let one = of[self.below(of.len())];
        self.note(one)
    }

    fn note<T: Debug>(&mut self, value: T) -> T {
        self.told.push(format!("{value:?}"));
        value
    }

    fn length(&mut self) -> usize {
        [0, 1, 1, 2, 2, 3, 4, 6][self.below(8)]
    }

    fn lengths(&mut self, rank: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..rank).map(|_| self.length()).collect();
        if rank > 1 && self.hostile() {
            // Nothing, in a shape that has a large axis.
            let (nothing, large) = (self.below(rank), self.below(rank));
            all[large] = HUGE[self.below(HUGE.len())];
            all[nothing] = 0;
        } else if rank > 1 && self.chance(30) {
            all[rank - 1] = all[rank - 2];
        }
        // Few elements, so that products of two tensors are quick.
        while !all.contains(&0) && all.iter().product::<usize>() > 400 {
            let longest = (0..rank).max_by_key(|&axis| all[axis]).expect("an axis");
            all[longest] /= 2;
        }
        all
    }

    /// A tensor of a shape, some of them turned, mirrored or repeated.
    fn tensor(&mut self, shape: &[usize], dtype: DType) -> Var<'t> {
        self.told.push(format!("{shape:?} {dtype}"));
        let elements = if shape.contains(&0) { 0 } else { shape.iter().product() };
        let ways = self.below(10);
        if ways == 0 && elements > 0 {
            let ones: Vec<usize> = shape.iter().map(|_| 1).collect();
            return self.numbers(1, dtype).reshape(&ones[..]).broadcast_to(shape);
        }
        let x = self.numbers(elements, dtype).reshape(shape);
        match ways {
            1 | 2 if shape.len() > 1 && elements > 0 => {
                let turned: Vec<usize> = shape.iter().rev().copied().collect();
                let back: Vec<isize> = (0..shape.len() as isize).rev().collect();
                x.reshape(&turned[..]).permute(&back)
            }
            3 if !shape.is_empty() => x.flip(0),
            _ => x,
        }
    }

    fn numbers(&mut self, n: usize, dtype: DType) -> Var<'t> {
        let values: Vec<f64> = (0..n)
            .map(|_| {
                let odd = self.chance(self.hostile / 4);
                if odd { ODD[self.below(ODD.len())] } else { self.below(2000) as f64 / 500.0 - 2.0 }
            })
            .collect();
        match dtype {
            DType::F32 => self.tape.var(&values.iter().map(|&x| x as f32).collect::<Vec<f32>>()[..]),
            DType::I64 => self.tape.constant(&values.iter().map(|&x| x as i64).collect::<Vec<i64>>()[..]),
            DType::Bool => self.tape.constant(&values.iter().map(|&x| x > 0.0).collect::<Vec<bool>>()[..]),
            _ => self.tape.var(&values[..]),
        }
    }

    fn type_of(&mut self) -> DType {
        match self.below(20 + self.hostile) {
            20.. => [DType::I64, DType::Bool, DType::F32][self.below(3)],
            n if n < 5 => DType::F32,
            _ => DType::F64,
        }
    }

    fn keep(&mut self, x: Var<'t>) -> Var<'t> {
        self.operands.push(x);
        x
    }

    /// An operand of any shape.
    pub(crate) fn x(&mut self) -> Var<'t> {
        let rank = [0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6][self.below(11)];
        self.of_rank(rank)
    }

    pub(crate) fn of_rank(&mut self, rank: usize) -> Var<'t> {
        let rank = if self.hostile() { self.below(7) } else { rank };
        let (shape, dtype) = (self.lengths(rank), self.type_of());
        let x = self.tensor(&shape, dtype);
        self.keep(x)
    }

    /// A square matrix, or a batch of some.
    pub(crate) fn square(&mut self) -> Var<'t> {
        let (n, batch) = (self.length(), self.below(3) == 0);
        let shape = if batch { vec![self.length(), n, n] } else { vec![n, n] };
        if self.hostile() {
            return self.x();
        }
        let dtype = self.type_of();
        let x = self.tensor(&shape, dtype);
        self.keep(x)
    }

    /// Truth values, or not.
    pub(crate) fn truth(&mut self) -> Var<'t> {
        let shape = self.near();
        let dtype = if self.hostile() { self.type_of() } else { DType::Bool };
        self.tensor(&shape, dtype)
    }

    /// A shape that has to do with that of the first operand.
    fn near(&mut self) -> Vec<usize> {
        let Some(first) = self.first() else { return vec![] };
        let mut shape = first.shape().to_vec();
        if self.hostile() {
            let rank = self.below(5);
            return self.lengths(rank);
        }
        match self.below(8) {
            0 if !shape.is_empty() => drop(shape.remove(0)),
            1 if !shape.is_empty() => {
                let axis = self.below(shape.len());
                shape[axis] = 1;
            }
            2 => shape.reverse(),
            3 if shape.len() > 1 => {
                let last = shape.len() - 1;
                shape.swap(last, last - 1);
            }
            4 if !shape.is_empty() => {
                let axis = self.below(shape.len());
                shape[axis] = self.length();
            }
            _ => {}
        }
        if !shape.contains(&0) {
            shape.iter_mut().for_each(|length| *length = (*length).min(36));
        }
        shape
    }

    /// Another operand, of the same type where it is not hostile.
    pub(crate) fn y(&mut self) -> Var<'t> {
        let shape = self.near();
        let dtype = self.first().map_or(DType::F64, |x| x.dtype());
        let dtype = if self.hostile() { self.type_of() } else { dtype };
        let y = self.tensor(&shape, dtype);
        self.keep(y)
    }

    /// Indices, for an axis of some length.
    pub(crate) fn index(&mut self) -> Var<'t> {
        let shape = if self.chance(40) {
            let rank = self.below(3);
            self.lengths(rank)
        } else {
            self.near()
        };
        let elements = if shape.contains(&0) { 0 } else { shape.iter().product() };
        let most = self.first().and_then(|x| x.shape().iter().copied().min()).unwrap_or(1).clamp(1, 6);
        let values: Vec<i64> = (0..elements)
            .map(|_| {
                let outside = self.chance(self.hostile / 3);
                if outside { OUTSIDE[self.below(OUTSIDE.len())] } else { self.below(most) as i64 }
            })
            .collect();
        self.told.push(format!("indices {shape:?} {values:?}"));
        if self.hostile() {
            return self.tape.constant(values.iter().map(|&i| i as f64).collect::<Vec<_>>()).reshape(shape);
        }
        self.tape.constant(&values[..]).reshape(shape)
    }

    pub(crate) fn axis(&mut self) -> isize {
        let rank = self.first().map_or(2, |x| x.rank());
        let axis = match self.hostile() {
            true => FAR[self.below(FAR.len())],
            false if rank == 0 => 0,
            false => self.below(2 * rank) as isize - rank as isize,
        };
        self.note(axis)
    }

    pub(crate) fn axes(&mut self) -> Vec<isize> {
        let n = self.below(4);
        (0..n).map(|_| self.axis()).collect()
    }

    /// All axes in some order, or nearly.
    pub(crate) fn order(&mut self) -> Vec<isize> {
        let mut all: Vec<isize> = (0..self.first().map_or(0, |x| x.rank() as isize)).collect();
        (1..all.len()).for_each(|i| all.swap(i, self.below(i + 1)));
        if self.hostile() {
            all.push(self.axis());
        }
        self.note(all)
    }

    pub(crate) fn size(&mut self) -> usize {
        let size =
            if self.hostile() { HUGE[self.below(HUGE.len())] } else { [0, 1, 1, 2, 2, 3, 4][self.below(7)] };
        self.note(size)
    }

    pub(crate) fn sizes<const N: usize>(&mut self) -> [usize; N] {
        std::array::from_fn(|_| self.size())
    }

    pub(crate) fn list(&mut self) -> Vec<usize> {
        let n = self.below(4);
        (0..n).map(|_| self.size()).collect()
    }

    /// A signed distance.
    pub(crate) fn step(&mut self) -> isize {
        let step = if self.hostile() { FAR[self.below(FAR.len())] } else { self.below(9) as isize - 4 };
        self.note(step)
    }

    pub(crate) fn number(&mut self) -> f64 {
        let number = if self.hostile() {
            ODD[self.below(ODD.len())]
        } else {
            [0.0, 0.5, 1.0, 2.0, 3.0][self.below(5)]
        };
        self.note(number)
    }

    /// A shape of as many elements as the first operand has, or another.
    pub(crate) fn shape(&mut self) -> Vec<usize> {
        let mut shape = self.near();
        if self.hostile() {
            shape.push(HUGE[self.below(HUGE.len())]);
        } else if self.chance(30) {
            shape.insert(0, 1);
        }
        self.note(shape)
    }

    pub(crate) fn dtype(&mut self) -> DType {
        self.one(&[DType::F64, DType::F32, DType::I64, DType::Bool])
    }

    pub(crate) fn truth_value(&mut self) -> bool {
        self.one(&[false, true])
    }

    pub(crate) fn conv<const N: usize>(&mut self) -> ConvForm<N> {
        let mut form = ConvForm::default();
        let all = |d: &mut Self| PerAxis(if d.chance(50) { [d.size(); N] } else { d.sizes() });
        if self.chance(40) {
            form = form.stride(all(self));
        }
        if self.chance(40) {
            form = form.dilation(all(self));
        }
        form = match self.below(6) {
            0 => form.same(),
            1..4 => form.padding(all(self)),
            _ => form,
        };
        if self.chance(20) {
            form = form.longer_by(all(self));
        }
        if self.chance(20) {
            form = form.groups(self.size());
        }
        self.note(form)
    }

    pub(crate) fn pool<const N: usize>(&mut self) -> PoolForm<N> {
        let size = if self.chance(60) { [2; N] } else { self.sizes() };
        let mut form = PoolForm::of(PerAxis(size));
        if self.chance(40) {
            form = form.stride(PerAxis(self.sizes()));
        }
        if self.chance(30) {
            form = form.dilation(PerAxis(self.sizes()));
        }
        if self.chance(40) {
            form = form.padding(PerAxis(self.sizes()));
        }
        if self.chance(30) {
            form = form.ceil();
        }
        if self.chance(20) {
            form = form.elements_only();
        }
        if self.chance(20) {
            form = form.divided_by(self.size());
        }
        self.note(form)
    }

    /// A weight for the first operand, an image; of a transposed convolution if so asked.
    pub(crate) fn weight(&mut self, transposed: bool) -> Var<'t> {
        let x = self.first().map_or(vec![], |x| x.shape().to_vec());
        if x.len() < 2 || self.hostile() {
            return self.y();
        }
        let channels = x[1].min(8);
        let others = self.length();
        let lead = if transposed { [channels, others] } else { [others, channels] };
        let kernel: Vec<usize> = (2..x.len()).map(|_| [1, 1, 2, 2, 3][self.below(5)]).collect();
        let dtype = self.first().map_or(DType::F64, |x| x.dtype());
        let w = self.tensor(&[&lead[..], &kernel].concat(), dtype);
        self.keep(w)
    }

    pub(crate) fn border(&mut self) -> Border {
        self.one(&[Border::Constant(1.5), Border::Reflect, Border::Replicate, Border::Circular])
    }

    pub(crate) fn interpolation(&mut self) -> Interpolation {
        self.one(&[
            Interpolation::Nearest,
            Interpolation::NearestExact,
            Interpolation::Linear { corners: true },
            Interpolation::Linear { corners: false },
            Interpolation::Cubic { corners: true },
            Interpolation::Cubic { corners: false },
        ])
    }

    pub(crate) fn reduction(&mut self) -> ScatterReduce {
        use ScatterReduce::{Max, Mean, Min, Prod, Sum};
        self.one(&[Sum, Prod, Mean, Max, Min])
    }

    pub(crate) fn triangle(&mut self) -> Triangle {
        let upper = Triangle::UPPER;
        self.one(&[
            Triangle::LOWER,
            upper,
            Triangle::LOWER.transposed(),
            upper.unit(),
            upper.transposed().unit(),
        ])
    }

    /// An equation of `einsum`: a usual one, or letters at random.
    pub(crate) fn equation(&mut self) -> String {
        const USUAL: [&str; 10] = [
            "ij,jk->ik",
            "ij->ji",
            "i,i->",
            "ii->i",
            "...ij,...jk->...ik",
            "ij,ij",
            "ijk->",
            "i,j->ij",
            "ij,j",
            "bij,bjk",
        ];
        let text = if self.chance(60 - self.hostile) {
            USUAL[self.below(USUAL.len())].to_owned()
        } else {
            const LETTERS: [&str; 14] =
                ["i", "j", "k", "i", ",", "->", ".", "...", "A", "é", " ", "1", "-", ">"];
            let n = self.below(10);
            (0..n).map(|_| LETTERS[self.below(LETTERS.len())]).collect()
        };
        self.note(text)
    }
}
