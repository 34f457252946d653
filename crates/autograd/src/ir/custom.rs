//! What a user gave: a function of variables, or loops. A list holds it by name and address; only `ops` knows what it does.

use std::any::{Any, TypeId};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// A function that a user gave.
#[derive(Clone)]
pub struct Custom {
    name: &'static str,
    /// Its type, if that is all there is to it: functions without fields are equal if their types are.
    kind: Option<TypeId>,
    given: Arc<dyn Any + Send + Sync>,
}

impl Custom {
    /// Of a function of type `F`, held as whatever asks for it by [`get`](Custom::get).
    pub(crate) fn new<F: 'static>(name: &'static str, given: impl Any + Send + Sync) -> Custom {
        Custom { name, kind: (size_of::<F>() == 0).then(TypeId::of::<F>), given: Arc::new(given) }
    }

    /// Its name in lists and messages.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn get<T: Any>(&self) -> &T {
        self.given.downcast_ref().expect("an op takes functions of one kind")
    }

    fn address(&self) -> *const () {
        Arc::as_ptr(&self.given).cast()
    }
}

/// Functions are equal if nothing can tell them apart.
impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        match (self.kind, other.kind) {
            (Some(a), Some(b)) => a == b,
            (None, None) => std::ptr::eq(self.address(), other.address()),
            _ => false,
        }
    }
}
impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.kind {
            Some(kind) => kind.hash(state),
            None => self.address().hash(state),
        }
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

// A function is only called: no panic leaves anything of it half done that a list would read.
impl UnwindSafe for Custom {}
impl RefUnwindSafe for Custom {}
