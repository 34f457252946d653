//! A world of one rank.

use crate::world::check_lengths;
use crate::{World, WorldError};

/// One rank, which speaks with nobody.
///
/// ```
/// use parallel::{Alone, World};
/// assert_eq!((Alone.rank(), Alone.size()), (0, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alone;

impl World for Alone {
    fn rank(&self) -> usize {
        0
    }
    fn size(&self) -> usize {
        1
    }
    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError> {
        check_lengths("exchange", self.size(), (send.len(), to), (receive.len(), from));
        receive.copy_from_slice(send);
        Ok(())
    }
    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError> {
        check_lengths("gather", self.size(), (send.len(), &[send.len()]), (receive.len(), from));
        receive.copy_from_slice(send);
        Ok(())
    }
}
