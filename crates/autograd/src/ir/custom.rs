//! What a user gave: a function of variables, or loops. A list holds it by name and address; only `ops` knows what it does.

use std::any::{Any, TypeId};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// A function that a user gave: one word, because every node has room for one.
#[derive(Clone)]
pub struct Custom(Arc<Given>);

struct Given {
    name: &'static str,
    /// Its type, if that is all there is to it: functions without fields are equal if their types are.
    kind: Option<TypeId>,
    function: Box<dyn Any + Send + Sync>,
}

impl Custom {
    /// Of a function of type `F`, held as whatever asks for it by [`get`](Custom::get).
    pub(crate) fn new<F: 'static>(name: &'static str, function: impl Any + Send + Sync) -> Custom {
        let kind = (size_of::<F>() == 0).then(TypeId::of::<F>);
        Custom(Arc::new(Given { name, kind, function: Box::new(function) }))
    }

    /// Its name in lists and messages.
    pub(crate) fn name(&self) -> &'static str {
        self.0.name
    }

    pub(crate) fn get<T: Any>(&self) -> &T {
        self.0.function.downcast_ref().expect("an op takes functions of one kind")
    }
}

/// Functions are equal if nothing can tell them apart.
impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        match (self.0.kind, other.0.kind) {
            (Some(a), Some(b)) => a == b,
            (None, None) => Arc::ptr_eq(&self.0, &other.0),
            _ => false,
        }
    }
}
impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0.kind {
            Some(kind) => kind.hash(state),
            None => Arc::as_ptr(&self.0).hash(state),
        }
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

// A function is only called: no panic leaves anything of it half done that a list would read.
impl UnwindSafe for Custom {}
impl RefUnwindSafe for Custom {}
