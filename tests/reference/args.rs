//! The parameters of a case.

use serde_json::{Map, Value};

use crate::format::{FormatError, Location};

/// `args` of a case: typed access to named values.
#[derive(Debug, Clone)]
pub(crate) struct Args {
    location: Location,
    map: Map<String, Value>,
}

impl Args {
    pub(crate) fn new(location: Location, map: Map<String, Value>) -> Self {
        Args { location, map }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The names of all parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    /// The value of a name that must be there.
    pub(crate) fn read<T: FromArg>(&self, name: &str) -> Result<T, FormatError> {
        let field = format!("args.{name}");
        let value = self.map.get(name).ok_or_else(|| self.location.error(&field, "is missing"))?;
        T::from_arg(value).ok_or_else(|| self.location.error(&field, format!("{value} is not {}", T::kind())))
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

    /// `axis`: a list whether one or many are stored, `None` for null (all axes) or when absent.
    pub(crate) fn axes(&self) -> Option<Vec<isize>> {
        if !self.has("axis") {
            return None;
        }
        let one: Result<isize, _> = self.read("axis");
        one.map(|axis| Some(vec![axis])).unwrap_or_else(|_| self.need("axis"))
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

impl FromArg for Value {
    fn kind() -> String {
        "a value".to_owned()
    }

    fn from_arg(value: &Value) -> Option<Self> {
        Some(value.clone())
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
