//! Reading reference cases: a group is a JSON index beside a safetensors file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use safetensors::SafeTensors;
use serde_json::{Map, Value};

use crate::args::Args;
use crate::array::Array;

/// Every role an array can be stored under. The list is closed so that a misspelt role shows up as
/// tensors that belong to no case, not as a case that silently checks less.
const ROLES: [&str; 14] = [
    "in", "out", "cot", "grad", "tan", "jvp", "hvp", "state", "literal", "exact", "textbook", "init",
    "grad0", "final",
];

/// An error in the stored data, with file, case and field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FormatError {
    text: String,
    /// The parameter that is of another kind than its handler reads: no error if another handler would.
    pub(crate) unknown: Option<String>,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for FormatError {}

impl FormatError {
    pub(crate) fn of_file(file: &str, what: impl fmt::Display) -> Self {
        FormatError { text: format!("{file}: {what}"), unknown: None }
    }
}

/// The file and case that a message is about.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    file: String,
    case: String,
}

impl Location {
    pub(crate) fn error(&self, field: &str, what: impl fmt::Display) -> FormatError {
        let Location { file, case } = self;
        FormatError { text: format!("{file}: case {case}: {field}: {what}"), unknown: None }
    }

    /// As [`Location::error`], for a parameter that may be right.
    pub(crate) fn unknown(&self, field: &str, what: impl fmt::Display) -> FormatError {
        FormatError { unknown: Some(field.to_owned()), ..self.error(field, what) }
    }
}

/// One reference case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) location: Location,
    pub(crate) name: String,
    pub(crate) op: String,
    pub(crate) args: Args,
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
    /// Whether correct programs differ, so that only the values must agree.
    pub(crate) convention: bool,
    /// Whether the op must refuse the inputs.
    pub(crate) must_refuse: bool,
    roles: BTreeMap<&'static str, Vec<(String, Array)>>,
}

impl Case {
    /// The arrays of a role with their labels, in operand order; empty when the role is absent.
    pub(crate) fn arrays(&self, role: &str) -> &[(String, Array)] {
        self.roles.get(role).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn labels<'a>(&'a self, role: &str) -> impl Iterator<Item = &'a str> {
        self.arrays(role).iter().map(|(label, _)| label.as_str())
    }

    pub(crate) fn array(&self, role: &str, label: &str) -> Result<&Array, FormatError> {
        let found = self.arrays(role).iter().find(|(name, _)| name == label);
        found.map(|(_, array)| array).ok_or_else(|| {
            let held: Vec<_> = self.labels(role).collect();
            let what = format!("no such array; the role holds [{}]", held.join(", "));
            self.location.error(&format!("{role}/{label}"), what)
        })
    }

    pub(crate) fn f64(&self, role: &str, label: &str) -> Result<&ArrayD<f64>, FormatError> {
        match self.array(role, label)? {
            Array::F64(array) => Ok(array),
            other => Err(self.wrong_dtype(role, label, other, "F64")),
        }
    }

    pub(crate) fn i64(&self, role: &str, label: &str) -> Result<&ArrayD<i64>, FormatError> {
        match self.array(role, label)? {
            Array::I64(array) => Ok(array),
            other => Err(self.wrong_dtype(role, label, other, "I64")),
        }
    }

    fn wrong_dtype(&self, role: &str, label: &str, found: &Array, wanted: &str) -> FormatError {
        let what = format!("dtype {} where {wanted} is needed", found.dtype());
        self.location.error(&format!("{role}/{label}"), what)
    }

    /// All stored arrays as (role, label, array).
    pub(crate) fn stored(&self) -> impl Iterator<Item = (&'static str, &str, &Array)> {
        let flat = |(&role, held): (&&'static str, _)| (role, held);
        self.roles.iter().map(flat).flat_map(|(role, held): (&'static str, &Vec<(String, Array)>)| {
            held.iter().map(move |(label, array)| (role, label.as_str(), array))
        })
    }

    fn read(file: &str, number: usize, value: &Value, tensors: &Tensors) -> Result<Self, FormatError> {
        let mut location = Location { file: file.to_owned(), case: format!("number {number}") };
        let fields = value.as_object().ok_or_else(|| location.error("case", "is not an object"))?;
        let name = text(fields, "name").map_err(|what| location.error("name", what))?;
        location.case.clone_from(&name);
        let op = text(fields, "op").map_err(|what| location.error("op", what))?;
        let args = match fields.get("args") {
            Some(Value::Object(map)) => Args::new(location.clone(), map.clone()),
            Some(_) => return Err(location.error("args", "is not an object")),
            None => return Err(location.error("args", "is missing")),
        };
        let tolerance = |field: &str| match fields.get(field).and_then(Value::as_f64) {
            Some(x) if x >= 0.0 => Ok(x),
            _ => Err(location.error(field, "is not a number >= 0")),
        };
        let convention = match fields.get("convention") {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => return Err(location.error("convention", "is not true or false")),
        };
        let must_refuse = match args.or("expect", String::new())?.as_str() {
            "" => false,
            "error" => true,
            other => return Err(location.error("args.expect", format!("{other:?} is unknown"))),
        };
        let mut roles = BTreeMap::new();
        for role in ROLES {
            let Some(labels) = fields.get(role) else {
                continue;
            };
            roles.insert(role, tensors.of_role(&location, role, labels)?);
        }
        let (rtol, atol) = (tolerance("rtol")?, tolerance("atol")?);
        Ok(Case { location, name, op, args, rtol, atol, convention, must_refuse, roles })
    }
}

/// The tensors of one file by key.
struct Tensors {
    file: String,
    arrays: BTreeMap<String, Array>,
}

impl Tensors {
    fn read(path: &Path) -> Result<Self, FormatError> {
        let file = short_name(path);
        let bytes = std::fs::read(path).map_err(|e| FormatError::of_file(&file, e))?;
        let views = SafeTensors::deserialize(&bytes).map_err(|e| FormatError::of_file(&file, e))?;
        let mut arrays = BTreeMap::new();
        for (key, view) in views.tensors() {
            let array =
                Array::decode(&view).map_err(|what| FormatError::of_file(&file, format!("{key}: {what}")))?;
            arrays.insert(key, array);
        }
        Ok(Tensors { file, arrays })
    }

    fn of_role(
        &self,
        location: &Location,
        role: &str,
        labels: &Value,
    ) -> Result<Vec<(String, Array)>, FormatError> {
        let labels = labels.as_array().ok_or_else(|| location.error(role, "is not a list of labels"))?;
        let mut held: Vec<(String, Array)> = Vec::with_capacity(labels.len());
        for label in labels {
            let label =
                label.as_str().ok_or_else(|| location.error(role, "holds a label that is no text"))?;
            let field = format!("{role}/{label}");
            if held.iter().any(|(earlier, _)| earlier == label) {
                return Err(location.error(&field, "is named twice"));
            }
            let array = self
                .arrays
                .get(&format!("{}/{field}", location.case))
                .ok_or_else(|| location.error(&field, format!("{} does not hold it", self.file)))?;
            held.push((label.to_owned(), array.clone()));
        }
        Ok(held)
    }
}

/// A group of cases.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// Where the group was read from; further files of a case are named relative to it.
    pub(crate) folder: PathBuf,
    pub(crate) cases: Vec<Case>,
    pub(crate) tensor_count: usize,
    /// Tensors of the file that no case names.
    pub(crate) strays: Vec<String>,
}

impl Group {
    /// Reads `NAME.json` of a folder and the tensors it names.
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self, FormatError> {
        let file = format!("{name}.json");
        let at_file = |what: &str| FormatError::of_file(&file, what);
        let value = read_json(&folder.join(&file))?;
        let fields = value.as_object().ok_or_else(|| at_file("is not an object"))?;
        check_format(&file, fields)?;
        let within = |field: &str| text(fields, field).map_err(|e| at_file(&format!("{field}: {e}")));
        if within("group")? != name {
            return Err(at_file(&format!("group: is {:?}", within("group")?)));
        }
        let tensors = Tensors::read(&folder.join(within("tensors")?))?;
        let list = fields.get("cases").and_then(Value::as_array);
        let list = list.ok_or_else(|| at_file("cases: is not a list"))?;

        let mut cases: Vec<Case> = Vec::with_capacity(list.len());
        let mut names = BTreeSet::new();
        let mut used = BTreeSet::new();
        for (number, value) in list.iter().enumerate() {
            let case = Case::read(&file, number, value, &tensors)?;
            if !names.insert(case.name.clone()) {
                return Err(case.location.error("name", "is used twice"));
            }
            used.extend(case.stored().map(|(role, label, _)| format!("{}/{role}/{label}", case.name)));
            cases.push(case);
        }
        let unused = tensors.arrays.keys().filter(|key| !used.contains(*key));
        let strays = unused.cloned().collect();
        let tensor_count = tensors.arrays.len();
        Ok(Group { name: name.to_owned(), folder: folder.to_owned(), cases, tensor_count, strays })
    }

    /// Another case of the group: some cases name the one that holds their problem.
    pub(crate) fn case(&self, name: &str) -> Result<&Case, FormatError> {
        let found = self.cases.iter().find(|case| case.name == name);
        found.ok_or_else(|| FormatError::of_file(&format!("{}.json", self.name), format!("no case {name}")))
    }
}

pub(crate) fn read_json(path: &Path) -> Result<Value, FormatError> {
    let file = short_name(path);
    let bytes = std::fs::read(path).map_err(|e| FormatError::of_file(&file, e))?;
    serde_json::from_slice(&bytes).map_err(|e| FormatError::of_file(&file, e))
}

pub(crate) fn check_format(file: &str, fields: &Map<String, Value>) -> Result<(), FormatError> {
    match fields.get("format").and_then(Value::as_str) {
        Some("refcases-1") => Ok(()),
        other => Err(FormatError::of_file(file, format!("format: is {other:?}, not refcases-1"))),
    }
}

pub(crate) fn text(fields: &Map<String, Value>, field: &str) -> Result<String, String> {
    match fields.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err("is not a text".to_owned()),
        None => Err("is missing".to_owned()),
    }
}

fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string())
}
