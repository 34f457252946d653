//! CSV and IDX files: what the cases say of them, and what reading them gives.

use std::path::PathBuf;

use datasets::csv::{self, Options};
use datasets::{FileError, idx};
use ndarray::{Array2, ArrayD};

use crate::args::FromArg;
use crate::array::Array;
use crate::format::{Case, Group};
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    let evaluate = match op {
        "csv" => table,
        "idx" => array,
        _ => return None,
    };
    Some(Handler::new(Refusal::TypedError, evaluate))
}

impl From<csv::Error> for Fault {
    fn from(error: csv::Error) -> Self {
        Fault::refused(error)
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        Fault::refused(error)
    }
}

/// The file that a parameter names.
fn file(case: &Case, group: &Group, name: &str) -> Result<PathBuf, Fault> {
    Ok(group.folder.join(case.args.read::<String>(name)?))
}

fn table(case: &Case, group: &Group) -> Result<Results, Fault> {
    let (args, file) = (&case.args, file(case, group, "file")?);
    let names: Option<Vec<String>> = args.read("header").ok();
    let header = if names.is_some() { true } else { args.or("header", false)? };
    let mut options = csv::options().header(header).nonfinite(true);
    if let Some(separator) = sign(case, "delimiter")? {
        options = options.separator(separator);
    }
    if let Some(comment) = sign(case, "comment")? {
        options = options.comment(comment);
    }
    match sign(case, "decimal")? {
        None | Some('.') => {}
        Some(',') => options = options.decimal_comma(true),
        Some(_) => args.unknown("decimal"),
    }

    let mut results = Results::default();
    let shape = if args.has("cells") {
        let text = options.read_text(&file)?;
        same("cells", &text.rows, &args.read("cells")?)?;
        (text.rows.len(), text.rows.first().map_or(0, Vec::len))
    } else if args.has("classes") {
        let data = options.clone().classes(args.read::<Vec<String>>("classes")?).read(&file)?;
        let shape = (data.x.nrows(), data.x.ncols() + 1);
        results.put("out", "y", data.y.into_dyn());
        put(case, &mut results, data.x);
        shape
    } else {
        let x = options.read_table(&file)?;
        let shape = x.dim();
        put(case, &mut results, x);
        shape
    };
    if let Some(names) = names {
        same("header", &names_of(&options, &file)?, &names)?;
    }
    same("rows", &shape.0, &args.or("rows", shape.0)?)?;
    same("columns", &shape.1, &args.or("columns", shape.1)?)?;
    Ok(results)
}

/// A case that must be refused stores no numbers.
fn put(case: &Case, results: &mut Results, x: Array2<f64>) {
    if !case.must_refuse {
        results.put("out", "X", x.into_dyn());
    }
}

fn names_of(options: &Options, file: &PathBuf) -> Result<Vec<String>, Fault> {
    Ok(options.read_text(file)?.names)
}

/// A parameter of one character.
fn sign(case: &Case, name: &str) -> Result<Option<char>, Fault> {
    let text = case.args.or(name, None::<String>)?.unwrap_or_default();
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (sign, None) => Ok(sign),
        _ => case.args.unknown(name),
    }
}

fn same<T: PartialEq + std::fmt::Debug + FromArg>(what: &str, got: &T, want: &T) -> Result<(), Fault> {
    if got == want { Ok(()) } else { Err(Fault::Mismatch(format!("{what}: got {got:?}, want {want:?}"))) }
}

/// One array widened to 64 bits; or pictures with their labels in bytes, the pictures compressed too.
fn array(case: &Case, group: &Group) -> Result<Results, Fault> {
    let mut results = Results::default();
    if case.args.has("file") {
        let array = idx::read(file(case, group, "file")?)?;
        if !case.must_refuse {
            results.put("out", "value", widened(&array));
        }
        return Ok(results);
    }
    let bytes = |name: &str| match idx::read(file(case, group, name)?)? {
        idx::Array::U8(bytes) => Ok(bytes),
        other => Err(Fault::Mismatch(format!("args.{name}: not bytes but {:?}", other.shape()))),
    };
    let images = bytes("images")?;
    same("count", &images.shape()[0], &case.args.or("count", images.shape()[0])?)?;
    if case.args.has("images_gzip") && bytes("images_gzip")? != images {
        return Err(Fault::Mismatch("args.images_gzip: other pictures than args.images".to_owned()));
    }
    results.put("out", "images", images);
    results.put("out", "labels", bytes("labels")?);
    Ok(results)
}

fn widened(array: &idx::Array) -> Array {
    fn integers<T: Copy + Into<i64>>(array: &ArrayD<T>) -> Array {
        array.mapv(Into::into).into()
    }
    match array {
        idx::Array::U8(array) => integers(array),
        idx::Array::I8(array) => integers(array),
        idx::Array::I16(array) => integers(array),
        idx::Array::I32(array) => integers(array),
        idx::Array::F32(_) | idx::Array::F64(_) => array.to_f64().into(),
    }
}
