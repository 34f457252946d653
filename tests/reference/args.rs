//! The parameters of a case, and which of them its handler has read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::format::{FormatError, Location};

/// `args` of a case: typed access to named values.
///
/// Each value is noted when it is read. A case with one that nobody read asks for something else than what was computed:
/// the runner counts it as unsupported, whatever came out. So no handler can overlook an option.
#[derive(Debug, Clone)]
pub(crate) struct Args {
    location: Location,
    /// The names that lead here, each followed by a point.
    within: String,
    map: Map<String, Value>,
    read: Rc<RefCell<BTreeSet<String>>>,
}

/// A value that the handler does not know, named by its path: the case is unsupported. The payload of a panic, because
/// rows of the table of ops give no `Result`.
#[derive(Debug)]
pub(crate) struct Unknown(pub(crate) String);

impl Args {
    pub(crate) fn new(location: Location, map: Map<String, Value>) -> Self {
        Args { location, within: String::new(), map, read: Rc::default() }
    }

    /// Whether the case gives a value, which does not count as read by this.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The value of a name that must be there. One of another kind is a value that the handler does not know.
    pub(crate) fn read<T: FromArg>(&self, name: &str) -> Result<T, FormatError> {
        let field = format!("args.{}{name}", self.within);
        let value = self.map.get(name).ok_or_else(|| self.location.error(&field, "is missing"))?;
        let read = T::from_arg(value).inspect(|_| self.note(name));
        read.ok_or_else(|| self.location.unknown(&field, format!("{value} is not {}", T::kind())))
    }

    /// The value of a name, or `default` where the case does not give it.
    pub(crate) fn or<T: FromArg>(&self, name: &str, default: T) -> Result<T, FormatError> {
        if self.has(name) { self.read(name) } else { Ok(default) }
    }

    /// As [`Args::read`], for the one-line table of ops, where a `?` is not possible. The payload is the
    /// error itself, so that the runner cannot take broken data for an op that refuses its inputs.
    pub(crate) fn need<T: FromArg>(&self, name: &str) -> T {
        self.read(name).unwrap_or_else(|error| std::panic::panic_any(error))
    }

    /// As [`Args::or`], in the same way.
    pub(crate) fn optional<T: FromArg>(&self, name: &str, default: T) -> T {
        if self.has(name) { self.need(name) } else { default }
    }

    /// A list, whether one or many are stored; `None` for null or when absent.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<isize>> {
        if !self.has(name) {
            return None;
        }
        let one: Result<isize, _> = self.read(name);
        one.map(|axis| Some(vec![axis])).unwrap_or_else(|_| self.need(name))
    }

    /// `axis`: `None` for null (all axes) or when absent.
    pub(crate) fn axes(&self) -> Option<Vec<isize>> {
        self.list("axis")
    }

    /// The one axis of a case; a list of several is not known.
    pub(crate) fn axis(&self) -> isize {
        match self.list("axis").as_deref() {
            Some(&[axis]) => axis,
            _ => self.unknown("axis"),
        }
    }

    /// Values within a value.
    pub(crate) fn object(&self, name: &str) -> Result<Args, FormatError> {
        let within = format!("{}{name}.", self.within);
        match self.map.get(name) {
            Some(Value::Object(map)) => Ok(Args { within, map: map.clone(), ..self.clone() }),
            _ => Err(self.location.error(&format!("args.{}{name}", self.within), "is not an object")),
        }
    }

    /// Values within each of a list of values.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Args>, FormatError> {
        let field = format!("args.{}{name}", self.within);
        let items = self.map.get(name).and_then(Value::as_array);
        let items = items.ok_or_else(|| self.location.error(&field, "is not a list of objects"))?;
        let each = items.iter().enumerate().map(|(i, item)| {
            let map = item.as_object().ok_or_else(|| self.location.error(&field, "holds no object"))?;
            let within = format!("{}{name}[{i}].", self.within);
            Ok(Args { within, map: map.clone(), ..self.clone() })
        });
        each.collect()
    }

    /// The names of all values.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    /// The handler does what this value says and nothing else: any other is not known. A case need not give it.
    pub(crate) fn says(&self, name: &str, known: impl Into<Value>) {
        let (Some(value), known) = (self.map.get(name), known.into()) else { return };
        let same_number = value.as_f64().is_some_and(|x| known.as_f64() == Some(x));
        if *value != known && !same_number {
            self.unknown(name);
        }
        self.note(name);
    }

    /// Options that the handler does not have: they stay unread where they are switched on.
    pub(crate) fn off(&self, names: &[&str]) {
        for name in names {
            let value = self.map.get(*name);
            if value.is_some_and(|x| x.is_null() || *x == Value::Bool(false) || x.as_f64() == Some(0.0)) {
                self.note(name);
            }
        }
    }

    /// What is said about the case and changes nothing that is computed, whatever it says.
    pub(crate) fn remarks(&self, names: &[&str]) {
        let present = names.iter().filter(|name| self.has(name));
        present.for_each(|name| self.note(name));
    }

    /// A value that the handler has no way to follow.
    pub(crate) fn unknown(&self, name: &str) -> ! {
        std::panic::panic_any(Unknown(format!("args.{}{name}", self.within)))
    }

    /// The paths of all values that were not read, in order.
    pub(crate) fn unread(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.map.iter().for_each(|(name, value)| leaves(name, value, &mut paths));
        let read = self.read.borrow();
        // A whole object is read only by way of remarks.
        let covered = |path: &str| {
            let ends = path.match_indices(['.', '[']).map(|(at, _)| at).chain([path.len()]);
            ends.into_iter().any(|end| read.contains(&path[..end]))
        };
        paths.retain(|path| !covered(path));
        paths
    }

    /// Forgets what was read, before a case runs. What it expects is read with the case.
    pub(crate) fn forget(&self) {
        *self.read.borrow_mut() = BTreeSet::from(["expect".to_owned()]);
    }

    fn note(&self, name: &str) {
        self.read.borrow_mut().insert(format!("{}{name}", self.within));
    }
}

/// The paths of the values within a value. A list is one value, unless it holds objects.
fn leaves(path: &str, value: &Value, paths: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(name, value)| leaves(&format!("{path}.{name}"), value, paths));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(i, value)| leaves(&format!("{path}[{i}]"), value, paths));
        }
        _ => paths.push(path.to_owned()),
    }
}

/// What can be read from an argument. JSON has no nan or infinity: those are texts.
pub(crate) trait FromArg: Sized {
    fn kind() -> String;
    fn from_arg(value: &Value) -> Option<Self>;
}

impl FromArg for f64 {
    fn kind() -> String {
        "a number".to_owned()
    }

    fn from_arg(value: &Value) -> Option<Self> {
        match value.as_str() {
            None => value.as_f64(),
            Some("nan") => Some(f64::NAN),
            Some("inf") => Some(f64::INFINITY),
            Some("-inf") => Some(f64::NEG_INFINITY),
            Some(_) => None,
        }
    }
}

impl FromArg for usize {
    fn kind() -> String {
        "a whole number >= 0".to_owned()
    }

    fn from_arg(value: &Value) -> Option<Self> {
        value.as_u64().and_then(|x| usize::try_from(x).ok())
    }
}

impl FromArg for isize {
    fn kind() -> String {
        "a whole number".to_owned()
    }

    fn from_arg(value: &Value) -> Option<Self> {
        value.as_i64().and_then(|x| isize::try_from(x).ok())
    }
}

impl FromArg for bool {
    fn kind() -> String {
        "true or false".to_owned()
    }

    fn from_arg(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromArg for String {
    fn kind() -> String {
        "a text".to_owned()
    }

    fn from_arg(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

/// A list of values of several kinds. No object is read whole, because its names would not be.
impl FromArg for Value {
    fn kind() -> String {
        "a number, a text, a truth value or null".to_owned()
    }

    fn from_arg(value: &Value) -> Option<Self> {
        (!value.is_object() && !value.is_array()).then(|| value.clone())
    }
}

impl<T: FromArg> FromArg for Vec<T> {
    fn kind() -> String {
        format!("a list, each entry {}", T::kind())
    }

    fn from_arg(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_arg).collect()
    }
}

impl<T: FromArg> FromArg for Option<T> {
    fn kind() -> String {
        format!("null or {}", T::kind())
    }

    fn from_arg(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::from_arg(value).map(Some) }
    }
}
