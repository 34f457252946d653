//! Large pages: whoever walks through megabytes waits for addresses to be looked up, and a page of two megabytes takes as
//! many look-ups as one of four kilobytes. Linux gives large ones to memory that asks for them.

#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "the system is told of a range of addresses"))]

/// A large page of x86-64, and of ARM systems with pages of four kilobytes.
const LARGE: usize = 2 << 20;

/// Asks for large pages under so many elements, if they fill one. It counts for what is not written yet, and is a hint:
/// nothing but time depends on it.
pub(crate) fn ask_for_large<T>(first: *const T, elements: usize) {
    let bytes = elements * size_of::<T>();
    if bytes < LARGE {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a question about the system.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let Ok(page) = usize::try_from(page) else { return };
        let before = first.addr() % page;
        // SAFETY: the advice changes no contents, whatever lies there; where nothing does, the call says so and does nothing.
        // No advice is better or worse than an answer: it is not looked at.
        unsafe {
            libc::madvise(
                first.wrapping_byte_sub(before).cast_mut().cast(),
                bytes + before,
                libc::MADV_HUGEPAGE,
            );
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = first;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays() {
        for elements in [0, 1, LARGE / 8, 3 * LARGE / 8 + 5] {
            let numbers: Vec<f64> = (0..elements).map(|i| i as f64).collect();
            ask_for_large(numbers.as_ptr(), elements);
            assert!(numbers.iter().enumerate().all(|(i, &x)| x == i as f64), "{elements}");
        }
    }
}
