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

/// What nobody needs to ask for before an allocation: a machine has that much, or lacks memory in any case.
const USUAL: usize = 1 << 30;

/// Whether the system promises this much memory. The usual allocation ends the process where it does not. A promise is no
/// guarantee: Linux gives more memory than it has, and takes back when pages are written.
#[inline]
pub(crate) fn can_be_had(bytes: usize) -> bool {
    bytes <= USUAL || is_promised(bytes)
}

#[cold]
fn is_promised(bytes: usize) -> bool {
    let mut probe = Vec::<u8>::new();
    let promised = probe.try_reserve_exact(bytes).is_ok();
    // Or else the compiler might leave the allocation out.
    std::hint::black_box(probe.as_mut_ptr());
    promised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_had_is_promised() {
        assert!(can_be_had(0) && can_be_had(1 << 20) && can_be_had(USUAL + 1));
        assert!(!can_be_had(isize::MAX as usize - 4095) && !can_be_had(usize::MAX));
    }

    #[test]
    fn what_is_there_stays() {
        for elements in [0, 1, LARGE / 8, 3 * LARGE / 8 + 5] {
            let numbers: Vec<f64> = (0..elements).map(|i| i as f64).collect();
            ask_for_large(numbers.as_ptr(), elements);
            assert!(numbers.iter().enumerate().all(|(i, &x)| x == i as f64), "{elements}");
        }
    }
}
