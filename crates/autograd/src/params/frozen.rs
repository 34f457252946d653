//! Freezing: parameters that have no gradient and that no optimiser changes.

use super::identity::new_version;
use super::{Param, Params};
use crate::mistake::Mistake;

impl Params {
    /// Freezes or unfreezes a parameter. A frozen parameter has no gradient, and no optimiser changes it.
    #[track_caller]
    pub fn set_frozen(&mut self, param: Param, frozen: bool) {
        self.entry(param);
        self.layout = new_version();
        self.entries[param.index()].frozen = frozen;
    }

    /// Freezes or unfreezes all parameters of a scope such as `net.0`, and returns their number.
    ///
    /// # Panics
    /// If there are none: the name may be misspelt.
    #[track_caller]
    pub fn set_scope_frozen(&mut self, scope: &str, frozen: bool) -> usize {
        let prefix = format!("{scope}.");
        self.layout = new_version();
        let matching = self.entries.iter_mut().filter(|e| e.name.starts_with(&prefix));
        match matching.map(|e| e.frozen = frozen).count() {
            0 => self.no_scope(scope).raise(),
            count => count,
        }
    }

    /// A scope without parameters.
    #[cold]
    fn no_scope(&self, scope: &str) -> Mistake {
        let mut first: Vec<&str> =
            self.entries.iter().filter_map(|e| e.name.split_once('.')).map(|(first, _)| first).collect();
        first.dedup();
        Mistake::new(format!("set_scope_frozen: no parameter is in a scope `{scope}`"))
            .line("scopes", first.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", "))
            .rule("a scope has parameters, whose names begin with it")
            .hint("`params.iter()` and `params.name(p)` list them")
    }

    /// Whether a parameter is frozen.
    #[track_caller]
    pub fn is_frozen(&self, param: Param) -> bool {
        self.entry(param).frozen
    }
}
