//! The derivative of a convolution by its weight. With many channels, the taps of a field times cotangents, whose channels are
//! packed side by side; with few, scalar products of both along the positions. Cotangents have the gaps of the field, with
//! zeros. Images are cut into chunks; each adds up weights of its own, and these are added in order.
#![expect(unsafe_code, reason = "parts of one result are written by several threads")]

use super::field::{Field, Job};
use super::layout::{Laid, Row};
use super::parts::{Shared, areas, copy_row, each_task};
use super::products::bands;
use super::sizes::Sizes;
use super::sparse;
use crate::dtype::Float;
use crate::kernels::matmul::{Lines, Multiply, dots_by_taps, of_taps, pack_rows, panel_columns};
use crate::kernels::workers::Workers;
use crate::scratch::Scratch;
use crate::tree::LANES;
use std::ops::Range;

/// Tasks, about, and the most chunks that have weights of their own.
const TASKS: usize = 8;

/// The most elements of all these weights together.
const PARTIAL: usize = 1 << 18;

/// The elements of the fields and cotangents that are multiplied together, about.
const AT_ONCE: usize = if cfg!(test) { 1 << 9 } else { 1 << 16 };

/// The fewest channels of a task, where a group is cut into several.
const CHANNELS: usize = 32;

/// Channels of a group from which they are packed side by side.
const MANY: usize = 16;

/// w\[o, c, k\] = Σ x\[n, c, place(p, k)\]·y\[n, o, p\].
pub(crate) fn weight<T: Multiply + Float>(
    [x, y]: [&[T]; 2],
    w: &mut [T],
    sizes: Sizes<'_>,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    if x.is_empty() || y.is_empty() || w.is_empty() {
        return w.fill(T::default());
    }
    match Sums::of::<T>(sizes) {
        Some(sums) => {
            sums.run([x, y], w, scratch, workers);
            without_gaps([x, y], w, sizes);
        }
        None => sparse::weight([x, y], w, sizes),
    }
}

/// Computes weights that are no numbers once more, element by element, if what they are computed from are numbers: beside an
/// infinity, the zeros of gaps and borders spoil sums that do not have them.
#[inline(never)]
fn without_gaps<T: Float>(operands: [&[T]; 2], w: &mut [T], sizes: Sizes<'_>) {
    let has_nan = |x: &[T]| x.iter().any(|x| x.to_f64().is_nan());
    if !has_nan(w) || operands.iter().any(|x| has_nan(x)) {
        return;
    }
    let mut exact = vec![T::default(); w.len()];
    sparse::weight(operands, &mut exact, sizes);
    for (w, exact) in w.iter_mut().zip(exact).filter(|(w, _)| w.to_f64().is_nan()) {
        *w = exact;
    }
}

/// The bytes of scratch per worker.
pub(super) fn bytes<T: Multiply>(sizes: Sizes<'_>) -> usize {
    Sums::of::<T>(sizes)
        .map_or(0, |sums| (sums.partial() + sums.own().iter().sum::<usize>()) * size_of::<T>())
}

/// What is computed, and how it is cut.
pub(super) struct Sums<'a> {
    sizes: Sizes<'a>,
    field: Field,
    jobs: Vec<Job>,
    /// For each element of a filter: where its taps begin.
    offsets: Vec<usize>,
    bands: usize,
    /// Bands of images are cut into chunks, the channels of a group into parts.
    chunks: usize,
    parts: usize,
    /// How many bands are multiplied together.
    together: usize,
    /// Channels that are packed side by side; 0 if they are few.
    packed: usize,
}

impl<'a> Sums<'a> {
    pub(super) fn of<T: Multiply>(sizes: Sizes<'a>) -> Option<Sums<'a>> {
        let (field, jobs) = Field::of(sizes.over).filter(|_| sizes.products() > 0)?;
        let rows = field.rows();
        let field = bands(field, sizes.inputs);
        let bands = rows.div_ceil(field.rows());
        let offsets = field.offsets(&jobs[0], sizes.inputs);
        let most = (PARTIAL / sizes.weight()).clamp(1, sizes.images * bands);
        let chunks = TASKS.div_ceil(sizes.groups).min(most);
        let parts = TASKS.div_ceil(sizes.groups * chunks).min(sizes.outputs.div_ceil(CHANNELS));
        let packed = if sizes.outputs < MANY { 0 } else { panel_columns::<T>() };
        let mut sums = Sums { sizes, field, jobs, offsets, bands, chunks, parts, together: 1, packed };
        if packed > 0 {
            return Some(sums);
        }
        let [field, lines] = sums.own();
        sums.together = (AT_ONCE / (field + lines).max(1)).clamp(1, sizes.images.div_ceil(chunks));
        Some(sums)
    }

    /// The rows of a band, the chunks, and through how many images lanes go on, if sums are in lanes.
    pub(super) fn cut(&self) -> (usize, usize, Option<usize>) {
        (self.field.rows(), self.chunks, (self.packed == 0).then_some(self.together))
    }

    /// The elements of weights that chunks have of their own.
    fn partial(&self) -> usize {
        if self.is_apart() { (self.chunks * self.sizes.weight()).next_multiple_of(LANES) } else { 0 }
    }

    /// Whether weights are added up in memory of their own.
    fn is_apart(&self) -> bool {
        self.chunks > 1 || self.packed > 0
    }

    /// The elements of fields, and of cotangents, that are laid out together.
    fn own(&self) -> [usize; 2] {
        let field = if self.field.in_place { 0 } else { self.sizes.inputs * self.field.plane };
        let lines = match self.packed {
            0 if self.field.is_dense() => 0,
            0 => self.channels() * self.line(),
            packed => packed.min(self.sizes.outputs) * self.line(),
        };
        [field, lines].map(|n| (n * self.together).next_multiple_of(LANES))
    }

    /// The most channels of a part.
    fn channels(&self) -> usize {
        self.sizes.outputs.div_ceil(self.parts).next_multiple_of(self.packed.max(1))
    }

    /// The elements of a line of cotangents.
    fn line(&self) -> usize {
        self.field.span(self.field.rows()).next_multiple_of(LANES)
    }

    fn run<T: Multiply + Float>(
        &self,
        [x, y]: [&[T]; 2],
        w: &mut [T],
        scratch: &mut Scratch,
        workers: &Workers,
    ) {
        let own: usize = self.own().iter().sum();
        let [partial, area] = areas::<T>(scratch, [self.partial(), own], workers);
        let (size, used) = (self.sizes.weight(), self.field.phases(&self.jobs));
        let shared = if self.is_apart() { &partial } else { &Shared::of(w) };
        let tasks = self.chunks * self.sizes.groups * self.parts;
        each_task(self.sizes, tasks, workers, |task, worker| {
            let (part, rest) = (task % self.parts, task / self.parts);
            let (g, chunk) = (rest % self.sizes.groups, rest / self.sizes.groups);
            let share = |part: usize| (part * self.channels()).min(self.sizes.outputs);
            let channels = share(part)..share(part + 1);
            let start = chunk * size + (g * self.sizes.outputs + channels.start) * self.offsets.len();
            // SAFETY: the weights of these channels are written by this task alone, and a worker has an area of its own.
            let (w, area) = unsafe {
                (shared.part(start, channels.len() * self.offsets.len()), area.part(worker * own, own))
            };
            self.chunk(chunk, g, channels, [x, y], w, area, &used);
        });
        if self.is_apart() {
            // SAFETY: all tasks have ended.
            self.add_up(unsafe { partial.part(0, self.chunks * size) }, w, workers);
        }
    }

    /// Adds the weights of all chunks up, in order.
    fn add_up<T: Float>(&self, partial: &[T], w: &mut [T], workers: &Workers) {
        let (size, filter, outputs) = (w.len(), self.offsets.len(), self.sizes.outputs);
        let (w, wide) = (Shared::of(w), if self.packed > 0 { self.packed } else { outputs });
        let panels = outputs.div_ceil(wide);
        each_task(self.sizes, self.sizes.groups * panels, workers, |task, _| {
            let channels = task % panels * wide..((task % panels + 1) * wide).min(outputs);
            let start = (task / panels * outputs + channels.start) * filter;
            // SAFETY: a task has channels of its own.
            let w = unsafe { w.part(start, channels.len() * filter) };
            w.fill(T::default());
            for partial in partial.chunks_exact(size) {
                let partial = &partial[start..start + w.len()];
                if self.packed == 0 {
                    w.iter_mut().zip(partial).for_each(|(w, &part)| *w = *w + part);
                    continue;
                }
                for (j, w) in w.chunks_exact_mut(filter).enumerate() {
                    let column = partial[j..].iter().step_by(channels.len());
                    w.iter_mut().zip(column).for_each(|(w, &part)| *w = *w + part);
                }
            }
        });
    }

    /// The weights of some channels, from a chunk of the images: bands that are alike, a few at a time.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a task is, what it reads, what it writes, and where it works"
    )]
    fn chunk<T: Multiply + Float>(
        &self,
        chunk: usize,
        g: usize,
        channels: Range<usize>,
        [x, y]: [&[T]; 2],
        w: &mut [T],
        area: &mut [T],
        used: &[bool],
    ) {
        let (images, all) = (self.sizes.images, self.sizes.images * self.bands);
        let (mut at, end) = (chunk * all / self.chunks, (chunk + 1) * all / self.chunks);
        let (fields, lines) = area.split_at_mut(self.own()[0]);
        // Gaps stay zero.
        lines.fill(T::default());
        let (mut add, mut laid) = (false, Laid::default());
        while at < end {
            let (band, image) = (at / images, at % images);
            let count = self.together.min(end - at).min(images - image);
            let rows = band * self.field.rows()..((band + 1) * self.field.rows()).min(self.field.whole);
            let n = image..image + count;
            if laid.band != Some(band) {
                let layout = (!self.field.in_place).then(|| self.field.layout(&rows, used));
                // Zeros stay zero from image to image.
                fields.fill(T::default());
                let results = vec![self.field.rows_of_results(&self.jobs[0], &rows)];
                laid = Laid { band: Some(band), layout, results };
            }
            let (field, field_step) = self.fields(g, &n, &rows, x, fields, &laid);
            if self.packed > 0 {
                for start in channels.clone().step_by(self.packed) {
                    let side = start..(start + self.packed).min(channels.end);
                    let at = (start - channels.start) * self.offsets.len();
                    let w = &mut w[at..at + side.len() * self.offsets.len()];
                    let panel = self.panel(g, image, &rows, side, y, (lines, &laid.results[0]));
                    of_taps(field, &self.offsets, panel, w, add);
                }
                (at, add) = (at + count, true);
                continue;
            }
            let (a, stride, a_step) =
                self.lines(g, &n, &rows, channels.clone(), y, (lines, &laid.results[0]));
            let k = self.field.span(rows.len());
            let rows = channels.len();
            let read = Lines { a, stride, rows, k, field, images: count, steps: [a_step, field_step] };
            dots_by_taps(read, &self.offsets, w, add);
            (at, add) = (at + count, true);
        }
        if !add {
            w.fill(T::default());
        }
    }

    /// The fields of a group of some images, and the step between two.
    fn fields<'b, T: Float>(
        &self,
        g: usize,
        images: &Range<usize>,
        band: &Range<usize>,
        x: &'b [T],
        area: &'b mut [T],
        laid: &Laid,
    ) -> (&'b [T], usize) {
        let Sizes { groups, inputs, over, .. } = self.sizes;
        let plane = over.input.elements();
        let start = |n: usize| (n * groups + g) * inputs * plane;
        let Some(layout) = &laid.layout else {
            return (&x[start(images.start) + self.field.start(band.start)..], groups * inputs * plane);
        };
        let step = inputs * self.field.plane;
        for (n, to) in images.clone().zip(area.chunks_exact_mut(step)) {
            layout.fill(&x[start(n)..], to, false);
        }
        (area, step)
    }

    /// The cotangents of some channels of an image, side by side for each position.
    fn panel<'b, T: Multiply + Float>(
        &self,
        g: usize,
        image: usize,
        band: &Range<usize>,
        channels: Range<usize>,
        y: &[T],
        (area, rows): (&'b mut [T], &[Row]),
    ) -> &'b [T] {
        let (positions, columns) = (self.sizes.positions(), channels.len());
        let y = &y[((image * self.sizes.groups + g) * self.sizes.outputs + channels.start) * positions..];
        let panel = &mut area[..self.field.span(band.len()) * columns];
        if self.field.is_dense() {
            let from = self.field.start(band.start);
            pack_rows(&y[from..], positions, columns, panel.len() / columns, panel);
            return panel;
        }
        let mut end = 0;
        for row in rows {
            panel[end * columns..row.from * columns].fill(T::default());
            pack_rows(&y[row.to..], positions, columns, row.length, &mut panel[row.from * columns..]);
            end = row.from + row.length;
        }
        panel
    }

    /// The cotangents of some channels of some images, the step between two channels, and that between two images.
    fn lines<'b, T: Float>(
        &self,
        g: usize,
        images: &Range<usize>,
        band: &Range<usize>,
        channels: Range<usize>,
        y: &'b [T],
        (area, rows): (&'b mut [T], &[Row]),
    ) -> (&'b [T], usize, usize) {
        let Sizes { groups, outputs, .. } = self.sizes;
        let (positions, line) = (self.sizes.positions(), self.line());
        let start = |n: usize| ((n * groups + g) * outputs + channels.start) * positions;
        if self.field.is_dense() {
            let start = start(images.start) + self.field.start(band.start);
            return (&y[start..], positions, groups * outputs * positions);
        }
        let step = channels.len() * line;
        for (n, to) in images.clone().zip(area.chunks_exact_mut(step)) {
            let y = &y[start(n)..];
            for (y, to) in y.chunks_exact(positions).zip(to.chunks_exact_mut(line)) {
                for row in rows {
                    copy_row(&y[row.to..], &mut to[row.from..row.from + row.length]);
                }
            }
        }
        (area, line, step)
    }
}
