//! The programs of the two teaching documents: the groups `seed_*`.

use crate::runner::Handler;

pub(crate) fn find(_op: &str) -> Option<Handler> {
    None
}
