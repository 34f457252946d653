//! Changes files at random.

use datasets::RandomState;

/// Changes, takes out, repeats or puts in bytes, up to three times. What is put in is one of the pieces.
pub(crate) fn mutate(bytes: &mut Vec<u8>, pieces: &[&[u8]], rng: &mut RandomState) {
    let mut below = |n: usize| rng.randint(0, n as i64).unwrap() as usize;
    for _ in 0..=below(2) {
        let at = below(bytes.len() + 1);
        match below(5) {
            0 if at < bytes.len() => bytes[at] = below(256) as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << below(8),
            2 => {
                let end = bytes.len().min(at + 1 + below(6));
                bytes.drain(at..end);
            }
            3 => {
                let piece = bytes[at..bytes.len().min(at + 1 + below(9))].to_vec();
                let to = below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            _ => drop(bytes.splice(at..at, pieces[below(pieces.len())].iter().copied())),
        }
    }
}
