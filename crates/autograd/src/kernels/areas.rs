//! The room of a kernel as numbers: a slice for each worker.
#![expect(
    unsafe_code,
    reason = "scratch is cache lines, which any kernel uses as the numbers that it computes in"
)]

use crate::dtype::Float;
use crate::scratch::Scratch;

/// So many numbers for each worker. What they are is left from the kernel before.
pub(crate) fn areas<T: Float>(scratch: &mut Scratch, numbers: usize, workers: usize) -> Vec<&mut [T]> {
    let (first, step) = scratch.areas(numbers * size_of::<T>(), workers);
    let area = |worker: usize| {
        // SAFETY: areas are initialised, aligned for any number, do not overlap, and are borrowed as long as the scratch; any
        // bits are a number.
        unsafe { std::slice::from_raw_parts_mut(first.wrapping_add(worker * step).cast::<T>(), numbers) }
    };
    (0..workers).map(area).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_do_not_overlap() {
        let mut scratch = Scratch::default();
        for (i, area) in areas::<f32>(&mut scratch, 5, 3).into_iter().enumerate() {
            area.fill(i as f32);
        }
        let kept: Vec<Vec<f32>> = areas(&mut scratch, 5, 3).iter().map(|area| area.to_vec()).collect();
        assert_eq!(kept, [[0.0; 5], [1.0; 5], [2.0; 5]]);
        assert!(areas::<f64>(&mut scratch, 0, 2).iter().all(|area| area.is_empty()));
    }
}
