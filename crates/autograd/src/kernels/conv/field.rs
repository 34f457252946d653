//! Fields: the planes of an image laid out so that what lies under an element of the kernel, at one position after the other,
//! is a piece of memory in a row: a tap. A field has the zeros beyond the ends of the axes, and for a stride of s the places
//! 0, s, 2s, … side by side, then 1, s + 1, …: its phases. Positions are numbered along the rows of a phase, with gaps where
//! a row is longer than there are positions; what is computed for gaps is thrown away.
//!
//! A kernel reads a field, forward, from x: place p·s + k·d − b is at p + (k·d div s) of phase k·d mod s. The adjoint reads it
//! from y, for each phase of x: place s·v + r − b gets what the elements with k·d mod s = r give, y at v − (k·d div s).

use super::layout::{Layout, Row};
use crate::ir::Sliding;
use crate::kernels::simd::Isa;
use smallvec::SmallVec;
use std::ops::Range;

/// One axis of a field. At v of phase r it has element phases·v + r − before of its source.
#[derive(Clone, Copy, Debug)]
struct Axis {
    source: usize,
    phases: usize,
    before: isize,
    /// How many positions there are.
    positions: usize,
    /// How long a phase is.
    length: usize,
    /// The elements of a phase from one v to the next.
    stride: usize,
    /// How many places the results have.
    results: usize,
}

/// The layout of a field, and of what is computed from it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    axes: SmallVec<[Axis; 3]>,
    /// The elements of a channel, of all phases.
    pub(super) plane: usize,
    /// Whether the source is the field already.
    pub(super) in_place: bool,
    /// Positions along the first axis, of all bands.
    pub(super) whole: usize,
}

/// An element of the kernel, by its number, and where its first position lies: in which phase, and how far from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    pub(super) element: usize,
    phase: usize,
    at: usize,
}

/// What is computed from a field together: the elements of the kernel that meet it, where they do, and where results go.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) taps: Vec<Tap>,
    /// Along each axis position v goes to place step·v + from.
    to: SmallVec<[(usize, isize); 3]>,
}

impl Job {
    /// The step between the places of neighbours in a row of results.
    pub(super) fn step(&self) -> usize {
        self.to[self.to.len() - 1].0
    }
}

/// The field is at most so many times as large as what it is read from and what is computed from it; kernels that reach further
/// are looked at element by element.
const SPARSE: usize = 8;

impl Field {
    /// What a kernel reads. None if it would be much larger than its source.
    pub(super) fn of(over: &Sliding) -> Option<(Field, Vec<Job>)> {
        let axis = |i: usize| {
            let (stride, reach) = (over.stride[i], (over.kernel[i] - 1).checked_mul(over.dilation[i])?);
            let (positions, source) = (over.output[i], over.input[i]);
            let length = positions.checked_add(reach / stride)?;
            // A single tap per phase: only phases that a tap is in are looked at, and copied.
            let phases = stride;
            let before = isize::try_from(over.before[i]).ok()?;
            Some(Axis { source, phases, before, positions, length, stride: 1, results: positions })
        };
        let field = Field::with((0..over.axes()).map(axis).collect::<Option<_>>()?)?;
        let taps = field.each_tap(over, &|i, k| tap_of(over, i, k));
        let to = (0..over.axes()).map(|_| (1, 0)).collect();
        Some((field, vec![Job { taps, to }]))
    }

    /// What the adjoint of a kernel reads, with a job for each phase of its results.
    pub(super) fn of_adjoint(over: &Sliding) -> Option<(Field, Vec<Job>)> {
        let axis = |i: usize| {
            let (stride, before) = (over.stride[i], over.before[i]);
            let reach = (over.kernel[i] - 1).checked_mul(over.dilation[i])? / stride;
            let first = before / stride;
            let positions = before.checked_add(over.input[i].checked_sub(1)?)? / stride - first + 1;
            let length = positions.checked_add(reach)?;
            let before = isize::try_from(reach).ok()? - isize::try_from(first).ok()?;
            let (source, results) = (over.output[i], over.input[i]);
            Some(Axis { source, phases: 1, before, positions, length, stride: 1, results })
        };
        let axes: SmallVec<[Axis; 3]> = (0..over.axes()).map(axis).collect::<Option<_>>()?;
        let field = Field::with(axes)?;
        let phases: usize = over.stride.iter().try_fold(1usize, |all, &n| all.checked_mul(n))?;
        // No phase is without a place.
        if phases > over.input.elements().saturating_mul(SPARSE) {
            return None;
        }
        let to = |number: usize| {
            let mut rest = number;
            let each = (0..over.axes()).rev().map(|i| {
                let (stride, before) = (over.stride[i], over.before[i]);
                let phase = rest % stride;
                rest /= stride;
                (stride, (before / stride * stride + phase) as isize - before as isize)
            });
            let mut to: SmallVec<[(usize, isize); 3]> = each.collect();
            to.reverse();
            to
        };
        let mut jobs: Vec<Job> = (0..phases).map(|number| Job { taps: vec![], to: to(number) }).collect();
        let tap = |i: usize, k: usize| {
            let reach = (over.kernel[i] - 1) * over.dilation[i] / over.stride[i];
            let (phase, steps) = tap_of(over, i, k);
            (phase, reach - steps)
        };
        for tap in field.each_tap(over, &tap) {
            jobs[tap.phase].taps.push(Tap { phase: 0, ..tap });
        }
        Some((field, jobs))
    }

    fn with(mut axes: SmallVec<[Axis; 3]>) -> Option<Field> {
        let mut plane = 1usize;
        for axis in axes.iter_mut().rev() {
            axis.stride = plane;
            plane = plane.checked_mul(axis.length)?;
        }
        let product =
            |of: fn(&Axis) -> usize| axes.iter().map(of).try_fold(1usize, |all, n| all.checked_mul(n));
        plane = plane.checked_mul(product(|axis| axis.phases)?)?;
        let known = product(|axis| axis.source)?.saturating_add(product(|axis| axis.results)?);
        let lies = |(i, axis): (usize, &Axis)| {
            axis.phases == 1 && axis.before == 0 && (i == 0 || axis.length == axis.source)
        };
        let in_place = axes.iter().enumerate().all(lies) && axes[0].length <= axes[0].source;
        if in_place {
            plane = product(|axis| axis.source)?;
        }
        (plane <= known.saturating_add(8).saturating_mul(SPARSE)).then(|| Field {
            whole: axes[0].positions,
            axes,
            plane,
            in_place,
        })
    }

    /// The taps of all elements of the kernel: along axis i, element k is in a phase, at some v.
    fn each_tap(&self, over: &Sliding, tap: &dyn Fn(usize, usize) -> (usize, usize)) -> Vec<Tap> {
        let mut all = vec![Tap { element: 0, phase: 0, at: 0 }];
        for (i, axis) in self.axes.iter().enumerate() {
            let with = |within: Tap| {
                (0..over.kernel[i]).map(move |k| {
                    let (phase, v) = tap(i, k);
                    Tap {
                        element: within.element * over.kernel[i] + k,
                        phase: within.phase * over.stride[i] + phase,
                        at: within.at + v * axis.stride,
                    }
                })
            };
            all = all.into_iter().flat_map(with).collect();
        }
        all
    }

    /// The elements of a phase.
    fn phase(&self) -> usize {
        self.axes[0].length * self.axes[0].stride
    }

    /// Where the taps of a job begin, for each of some channels.
    pub(super) fn offsets(&self, job: &Job, channels: usize) -> Vec<usize> {
        let each =
            |c: usize| job.taps.iter().map(move |tap| c * self.plane + tap.phase * self.phase() + tap.at);
        (0..channels).flat_map(each).collect()
    }

    /// Positions along the first axis.
    pub(super) fn rows(&self) -> usize {
        self.axes[0].positions
    }

    /// The same field for fewer positions along the first axis: a band.
    pub(super) fn band(mut self, rows: usize) -> Field {
        if self.in_place {
            self.axes[0].positions = rows;
            return self;
        }
        let Axis { positions, length, .. } = self.axes[0];
        let other = self.plane / length;
        self.axes[0].positions = rows;
        self.axes[0].length = rows + (length - positions);
        self.plane = other * self.axes[0].length;
        self
    }

    /// The elements that one more position along the first axis takes in each channel, and the elements of none.
    pub(super) fn each_row(&self) -> [usize; 2] {
        let Axis { positions, length, .. } = self.axes[0];
        let row = self.plane / if self.in_place { self.axes[0].source } else { length };
        [row, row * (length - positions)]
    }

    /// The numbers of positions from one position along the first axis to the next.
    pub(super) fn each_position(&self) -> usize {
        self.axes[0].stride
    }

    /// Where a band begins within a source that is the field, or some of its positions within the field.
    pub(super) fn start(&self, first: usize) -> usize {
        first * self.axes[0].stride
    }

    /// The numbers of positions in a band of so many rows, with gaps.
    pub(super) fn span(&self, rows: usize) -> usize {
        let ends = self.axes.iter().enumerate().map(|(i, axis)| {
            let positions = if i == 0 { rows } else { axis.positions };
            (positions - 1) * axis.stride
        });
        ends.sum::<usize>() + 1
    }

    /// Whether positions have no gaps.
    pub(super) fn is_dense(&self) -> bool {
        self.axes[1..].iter().all(|axis| axis.length == axis.positions)
    }

    /// How the planes of channels are laid out for a band.
    pub(super) fn layout(&self, band: &Range<usize>, phases: &[bool]) -> Layout {
        let rows = band.len() + self.axes[0].length - self.axes[0].positions;
        let size = self.axes.iter().map(|axis| axis.source).product();
        let step = self.axes[self.axes.len() - 1].phases;
        let mut all = Layout { rows: vec![], step, size, plane: self.plane, isa: Isa::widest() };
        for number in (0..phases.len()).filter(|&i| phases[i]) {
            let mut rest = number;
            let along = self.axes.iter().enumerate().rev().map(|(i, axis)| {
                let (first, length) = if i == 0 { (band.start, rows) } else { (0, axis.length) };
                let phase = rest % axis.phases;
                rest /= axis.phases;
                let from = (first * axis.phases + phase) as isize - axis.before;
                Along::of(axis.source, axis.phases, from, length)
            });
            let mut along: SmallVec<[Along; 3]> = along.collect();
            along.reverse();
            self.rows_from(&along, 0, [0, number * self.phase()], &mut all.rows);
        }
        all
    }

    /// The rows of a phase that lie within the source: from the element `from` of its axes before on, to `to`.
    fn rows_from(&self, along: &[Along], i: usize, [from, to]: [usize; 2], rows: &mut Vec<Row>) {
        let (axis, along_i) = (&self.axes[i], &along[i]);
        let valid = along_i.valid.clone();
        if i + 1 < self.axes.len() {
            for v in valid {
                let next = [from * axis.source + along_i.at(v), to + v * axis.stride];
                self.rows_from(along, i + 1, next, rows);
            }
        } else if !valid.is_empty() {
            let from = from * axis.source + along_i.at(valid.start);
            rows.push(Row { from, to: to + valid.start, length: valid.len() });
        }
    }

    /// Which phases have taps.
    pub(super) fn phases(&self, jobs: &[Job]) -> Vec<bool> {
        let mut used = vec![false; self.plane / self.phase()];
        jobs.iter().flat_map(|job| &job.taps).for_each(|tap| used[tap.phase] = true);
        used
    }

    /// The rows of results in a band: from the number of the first position to the place that it goes to.
    pub(super) fn rows_of_results(&self, job: &Job, band: &Range<usize>) -> Vec<Row> {
        let along = |(i, (axis, &(step, from))): (usize, (&Axis, &(usize, isize)))| {
            let (start, count) = if i == 0 { (band.start, band.len()) } else { (0, axis.positions) };
            Along::of(axis.results, step, from + (start * step) as isize, count)
        };
        let along: SmallVec<[Along; 3]> = self.axes.iter().zip(&job.to).enumerate().map(along).collect();
        let mut all = vec![];
        self.results(&along, 0, [0, 0], &mut all);
        all
    }

    fn results(&self, along: &[Along], i: usize, [position, place]: [usize; 2], rows: &mut Vec<Row>) {
        let (axis, along_i) = (&self.axes[i], &along[i]);
        let valid = along_i.valid.clone();
        if i + 1 < self.axes.len() {
            for v in valid {
                let next = [position + v * axis.stride, place * axis.results + along_i.at(v)];
                self.results(along, i + 1, next, rows);
            }
        } else if !valid.is_empty() {
            let (from, place) = (position + valid.start * axis.stride, place * axis.results);
            rows.push(Row { from, to: place + along_i.at(valid.start), length: valid.len() });
        }
    }
}

/// The phase that element k of the kernel is in along an axis, and how many steps from its start.
fn tap_of(over: &Sliding, i: usize, k: usize) -> (usize, usize) {
    let at = k * over.dilation[i];
    (at % over.stride[i], at / over.stride[i])
}

/// Along an axis v is at step·v + from; `valid` are those v within it.
struct Along {
    step: usize,
    from: isize,
    valid: Range<usize>,
}

impl Along {
    /// For v below `count`, on an axis of a length.
    fn of(length: usize, step: usize, from: isize, count: usize) -> Along {
        // How many steps end before a place; a division takes as long as a short row.
        let steps = |n: usize| if step == 1 { n } else { n.div_ceil(step) };
        let end = steps(length.saturating_add_signed(-from)).min(count);
        Along { step, from, valid: steps(from.min(0).unsigned_abs()).min(end)..end }
    }

    fn at(&self, v: usize) -> usize {
        (self.from + (v * self.step) as isize) as usize
    }
}
