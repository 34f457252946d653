//! The forward form of a convolution and its adjoint: products of packed weights and the taps of a field, a band of positions of
//! an image at a time, so that field and results stay in the caches.
#![expect(unsafe_code, reason = "parts of one result are written by several threads")]

use super::field::{Field, Job};
use super::layout::{Laid, Row};
use super::parts::{Shared, areas, copy_row, each_task};
use super::sizes::Sizes;
use crate::dtype::Float;
use crate::kernels::matmul::{Multiply, by_taps, panel_height, tallest};
use crate::kernels::workers::Workers;
use crate::scratch::Scratch;
use crate::tree::LANES;
use std::ops::Range;

/// The elements of a field of a band, about. Few in unit tests, so that small images have bands.
const BAND: usize = if cfg!(test) { 1 << 8 } else { 1 << 16 };

/// The numbers of a strip of results, about: they stay in the first-level cache.
const STRIP: usize = if cfg!(test) { 1 << 7 } else { 1 << 12 };

/// Parts that threads may share, at least, if there is as much to share; and at most.
const PARTS: [usize; 2] = [8, 64];

/// What is computed, and how it is cut.
pub(super) struct Products<'a> {
    sizes: Sizes<'a>,
    field: Field,
    jobs: Vec<Job>,
    /// Per job, for each product of a sum: where its taps begin.
    offsets: Vec<Vec<usize>>,
    /// Channels of a group that are read, and that are written.
    channels: [usize; 2],
    /// The elements of a plane that is read, and of one that is written.
    planes: [usize; 2],
    /// The strides of the weight: to the next channel that is read, and to the next that is written.
    strides: [usize; 2],
    /// The bands of an image, and into how many parts the channels that are written are cut.
    bands: usize,
    parts: usize,
    /// The rows of packed weights of a group.
    packed_rows: usize,
    /// Which phases of the field have taps.
    used: Vec<bool>,
}

impl<'a> Products<'a> {
    pub(super) fn forward<T: Multiply>(sizes: Sizes<'a>, field: Field, jobs: Vec<Job>) -> Products<'a> {
        let kernel = sizes.over.kernel.elements();
        let planes = [sizes.over.input.elements(), sizes.positions()];
        Products::of::<T>(sizes, field, jobs, [sizes.inputs, sizes.outputs], planes, [kernel, sizes.filter()])
    }

    pub(super) fn adjoint<T: Multiply>(sizes: Sizes<'a>, field: Field, jobs: Vec<Job>) -> Products<'a> {
        let kernel = sizes.over.kernel.elements();
        let planes = [sizes.positions(), sizes.over.input.elements()];
        Products::of::<T>(sizes, field, jobs, [sizes.outputs, sizes.inputs], planes, [sizes.filter(), kernel])
    }

    fn of<T: Multiply>(
        sizes: Sizes<'a>,
        field: Field,
        jobs: Vec<Job>,
        channels: [usize; 2],
        planes: [usize; 2],
        strides: [usize; 2],
    ) -> Products<'a> {
        let rows = field.rows();
        let field = bands(field, channels[0]);
        let bands = rows.div_ceil(field.rows());
        let whole = sizes.images * sizes.groups * bands;
        let parts = PARTS[0].div_ceil(whole).min(channels[1].div_ceil(tallest::<T>()));
        let offsets = jobs.iter().map(|job| field.offsets(job, channels[0])).collect();
        let packed_rows = strips::<T>(0..channels[1]).map(|strip| panel_height::<T>(strip.len())).sum();
        let used = field.phases(&jobs);
        Products { sizes, field, jobs, offsets, channels, planes, strides, bands, parts, packed_rows, used }
    }

    /// The elements of the packed weights of a group.
    fn packed(&self) -> usize {
        (self.packed_rows * self.offsets.iter().map(Vec::len).sum::<usize>()).next_multiple_of(LANES)
    }

    /// The elements of the field of a band, and of a strip of results.
    fn own<T: Multiply>(&self) -> [usize; 2] {
        let field = if self.field.in_place { 0 } else { self.channels[0] * self.field.plane };
        let strip = tallest::<T>().min(self.channels[1]) * self.field.span(self.strip_rows::<T>());
        [field, strip].map(|n| n.next_multiple_of(LANES))
    }

    /// Positions along the first axis that are computed together.
    fn strip_rows<T: Multiply>(&self) -> usize {
        let row = tallest::<T>().min(self.channels[1]) * self.field.each_position();
        (STRIP / row.max(1)).clamp(1, self.field.rows())
    }

    /// The bytes of scratch per worker.
    pub(super) fn bytes<T: Multiply>(&self) -> usize {
        (self.sizes.groups * self.packed() + self.own::<T>().iter().sum::<usize>()) * size_of::<T>()
    }

    /// Reads x and the weight, and writes y.
    pub(super) fn run<T: Multiply + Float>(
        &self,
        [x, w]: [&[T]; 2],
        y: &mut [T],
        scratch: &mut Scratch,
        workers: &Workers,
    ) {
        let groups = self.sizes.groups;
        let [field, strip] = self.own::<T>();
        let [packed, own] = areas::<T>(scratch, [groups * self.packed(), field + strip], workers);
        each_task(self.sizes, groups, workers, |g, _| {
            // SAFETY: the weights of a group are packed once.
            self.pack(g, w, unsafe { packed.part(g * self.packed(), self.packed()) });
        });
        let all = self.sizes.images * self.bands * groups * self.parts;
        let (tasks, y) = (all.min(PARTS[1]), Shared::of(y));
        each_task(self.sizes, tasks, workers, |task, worker| {
            // SAFETY: a worker has an area of its own, and nobody writes packed weights any more.
            let (area, packed) = unsafe {
                (own.part(worker * (field + strip), field + strip), &*packed.part(0, groups * self.packed()))
            };
            let (field, strip) = area.split_at_mut(field);
            let mut laid = Laid::default();
            for piece in task * all / tasks..(task + 1) * all / tasks {
                self.piece(piece, x, packed, &y, [field, strip], &mut laid);
            }
        });
    }

    /// Packs the weights of a group: panels of rows that are multiplied together, job by job.
    fn pack<T: Multiply + Float>(&self, g: usize, w: &[T], mut to: &mut [T]) {
        let [along, across] = self.strides;
        let w = &w[g * self.sizes.weight() / self.sizes.groups..];
        for job in &self.jobs {
            for strip in strips::<T>(0..self.channels[1]) {
                let tall = panel_height::<T>(strip.len());
                let (panel, rest) =
                    std::mem::take(&mut to).split_at_mut(tall * job.taps.len() * self.channels[0]);
                let mut rows = panel.chunks_exact_mut(tall);
                for c in 0..self.channels[0] {
                    for (tap, row) in job.taps.iter().zip(&mut rows) {
                        let w = &w[c * along + strip.start * across + tap.element..];
                        let (there, missing) = row.split_at_mut(strip.len());
                        there.iter_mut().zip(w.iter().step_by(across)).for_each(|(to, &w)| *to = w);
                        missing.fill(T::default());
                    }
                }
                to = rest;
            }
        }
    }

    /// Computes some channels of a group, in a band of an image.
    fn piece<T: Multiply + Float>(
        &self,
        piece: usize,
        x: &[T],
        packed: &[T],
        y: &Shared<T>,
        [area, strip_area]: [&mut [T]; 2],
        laid: &mut Laid,
    ) {
        let (part, rest) = (piece % self.parts, piece / self.parts);
        let (number, entry) = (rest % self.bands, rest / self.bands);
        let ([read, written], rows) = (self.channels, self.field.rows());
        let band = number * rows..((number + 1) * rows).min(self.field.whole);
        let fresh = laid.band != Some(number);
        if fresh {
            *laid = self.lay_out::<T>(number, &band);
        }
        let x = &x[entry * read * self.planes[0]..][..read * self.planes[0]];
        let field = match &laid.layout {
            None => &x[self.field.start(band.start)..],
            Some(layout) => {
                layout.fill(x, area, fresh);
                &*area
            }
        };
        let strip_rows = self.strip_rows::<T>();
        let y_start = entry * written * self.planes[1];
        let mut packed = &packed[entry % self.sizes.groups * self.packed()..];
        let share = |part: usize| part * written.div_ceil(tallest::<T>()) / self.parts * tallest::<T>();
        let mine = share(part)..share(part + 1);
        let mut of_jobs = laid.results.chunks(band.len().div_ceil(strip_rows));
        for (job, offsets) in self.jobs.iter().zip(&self.offsets) {
            let (of_job, step) = (of_jobs.next().unwrap_or_default(), job.step());
            for strip in strips::<T>(0..written) {
                let (panel, rest) = packed.split_at(panel_height::<T>(strip.len()) * offsets.len());
                packed = rest;
                if !mine.contains(&strip.start) {
                    continue;
                }
                for (results_of, first) in of_job.iter().zip((0..band.len()).step_by(strip_rows)) {
                    let span = self.field.span(strip_rows.min(band.len() - first));
                    let results = &mut strip_area[..strip.len() * span];
                    by_taps(panel, strip.len(), &field[self.field.start(first)..], offsets, results);
                    let y_start = y_start + strip.start * self.planes[1];
                    for row in results_of {
                        for i in 0..strip.len() {
                            let results = &results[i * span + row.from..];
                            let start = y_start + i * self.planes[1] + row.to;
                            // SAFETY: a place of a channel is written once, and places between two of them by the same task.
                            let y = unsafe { y.part(start, (row.length - 1) * step + 1) };
                            if step == 1 {
                                copy_row(results, y);
                            } else {
                                let to = y.iter_mut().step_by(step);
                                to.zip(results).for_each(|(y, &r)| *y = r);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Where a band is laid out, and where its results go.
    fn lay_out<T: Multiply>(&self, number: usize, band: &Range<usize>) -> Laid {
        let layout = (!self.field.in_place).then(|| self.field.layout(band, &self.used));
        let strip_rows = self.strip_rows::<T>();
        let of_job = |job: &Job| -> Vec<Vec<Row>> {
            let starts = band.clone().step_by(strip_rows);
            let strips = starts.map(|first| first..(first + strip_rows).min(band.end));
            strips.map(|some| self.field.rows_of_results(job, &some)).collect()
        };
        Laid { band: Some(number), layout, results: self.jobs.iter().flat_map(of_job).collect() }
    }
}

/// The field of a band of about [`BAND`] elements.
pub(super) fn bands(field: Field, channels: usize) -> Field {
    let [row, none] = field.each_row();
    let rows = (BAND / channels).saturating_sub(none) / row;
    // Each band reads what its kernel reaches once more.
    let rows = rows.max(none / row).clamp(1, field.rows());
    let even = field.rows().div_ceil(field.rows().div_ceil(rows));
    field.band(even)
}

/// Channels that are computed together.
fn strips<T: Multiply>(channels: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = channels.end;
    channels.step_by(tallest::<T>()).map(move |start| start..(start + tallest::<T>()).min(end))
}
