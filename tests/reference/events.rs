//! TensorBoard's event files, and their checksums.

use train::log::tensorboard::{self, Content, Event};

use crate::array::Array;
use crate::format::{Case, FormatError, Group};
use crate::runner::{Fault, Handler, Refusal, Results};

pub(crate) fn find(op: &str) -> Option<Handler> {
    Some(match op {
        "tensorboard" => Handler::new(Refusal::TypedError, scalars),
        "crc32c" => Handler::new(Refusal::TypedError, |case, _| checksums(case)),
        _ => return None,
    })
}

/// The numbers and the steps of each tag, and what the case says of the file.
fn scalars(case: &Case, group: &Group) -> Result<Results, Fault> {
    let file: String = case.args.read("file")?;
    let events = tensorboard::read(group.folder.join(file)).map_err(Fault::refused)?;
    let mismatch = |found: String| Err(Fault::Mismatch(found));
    if case.args.has("records") && case.args.read::<usize>("records")? != events.len() {
        return mismatch(format!("{} records", events.len()));
    }
    let first = events.first().cloned().unwrap_or_default();
    if case.args.has("wall_time_first") && case.args.read::<f64>("wall_time_first")? != first.wall_time {
        return mismatch(format!("the first event is of {}", first.wall_time));
    }
    if case.args.has("version_record") && Some(case.args.read("version_record")?) != first.version {
        return mismatch(format!("the version is {:?}", first.version));
    }
    let mut results = Results::default();
    for tag in case.args.read::<Vec<String>>("tags")? {
        let (steps, values): (Vec<i64>, Vec<f32>) =
            events.iter().flat_map(|event| numbers(event, &tag)).unzip();
        let label = tag.replace('/', "_");
        results.put("out", &label, Array::shaped(&[values.len()], values));
        results.put("out", &format!("step_{label}"), Array::shaped(&[steps.len()], steps));
    }
    Ok(results)
}

fn numbers<'a>(event: &'a Event, tag: &'a str) -> impl Iterator<Item = (i64, f32)> + use<'a> {
    event.summaries.iter().filter(move |summary| summary.tag == tag).filter_map(|summary| {
        match summary.content {
            Content::Scalar(x) => Some((event.step, x)),
            _ => None,
        }
    })
}

fn checksums(case: &Case) -> Result<Results, Fault> {
    let broken = |text: &str| -> FormatError { case.location.error("args.hex", format!("{text:?}")) };
    let texts: Vec<String> = case.args.read("hex")?;
    let sums = |name, sum: fn(&[u8]) -> u32| -> Result<(), Fault> {
        let wanted: Vec<usize> = case.args.read(name)?;
        for (text, want) in texts.iter().zip(&wanted) {
            let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
            let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
            let found = sum(&bytes.ok_or_else(|| broken(text))?);
            if found as usize != *want {
                return Err(Fault::Mismatch(format!("{name} of {text:?} is {found}, not {want}")));
            }
        }
        let count = format!("{} checksums of {} texts", wanted.len(), texts.len());
        if wanted.len() == texts.len() { Ok(()) } else { Err(Fault::Mismatch(count)) }
    };
    sums("crc32c", tensorboard::crc32c)?;
    sums("masked", tensorboard::masked_crc32c)?;
    Ok(Results::default())
}
