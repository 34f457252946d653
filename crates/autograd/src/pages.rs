//! Large pages: a walk through megabytes of memory waits for address look-ups, one for each page. Pages of two megabytes need
//! far fewer than pages of four kilobytes. Linux gives large pages to memory that asks for them.

#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "a system call takes a range of addresses"))]

/// The bytes of a large page on x86-64, and on ARM systems with pages of four kilobytes.
const LARGE: usize = 2 << 20;

/// Asks for large pages for these elements, if they fill one. It works for memory that is not written yet. It is a hint: it
/// changes only the time that things take.
pub(crate) fn ask_for_large<T>(first: *const T, elements: usize) {
    let bytes = elements * size_of::<T>();
    if bytes < LARGE {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        // SAFETY: the call only reads a system setting.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let Ok(page) = usize::try_from(page) else { return };
        let before = first.addr() % page;
        // SAFETY: the advice changes no contents, whatever is at these addresses. If nothing is, the call fails and does
        // nothing. A failure does no harm, so its result is ignored.
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
