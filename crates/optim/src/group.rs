//! Groups of parameters with hyper-parameters of their own.

use crate::{Formula, HyperparameterError, Range, StepError};
use autograd::{DType, Params};

/// A formula with its hyper-parameters, and the parameters that it is for.
#[derive(Clone, Debug)]
pub(crate) struct Group<F> {
    /// Empty for the group of all parameters that are in no other.
    pub(crate) pattern: String,
    pub(crate) formula: F,
    /// Its learning rate, divided by that of the first group where that was not 0.
    ratio: Option<f64>,
}

/// The hyper-parameter that schedules change.
const RATE: &str = "learning_rate";

impl<F: Clone> Group<F> {
    pub(crate) fn new(pattern: String, formula: F) -> Group<F> {
        Group { pattern, formula, ratio: None }
    }

    /// From now on keeps its ratio to a rate. One of 0, such as at the start of a warm-up, leaves the ratio as it is.
    pub(crate) fn follow<const S: usize, const C: usize>(&mut self, base: Option<f64>)
    where
        F: Formula<S, C>,
    {
        if let (Some(own), Some(base)) = (self.rate(), base.filter(|&base| base > 0.0)) {
            self.ratio = Some(own / base);
        }
    }

    fn full_name(&self, name: &str) -> String {
        if self.pattern.is_empty() { name.to_owned() } else { format!("{}/{name}", self.pattern) }
    }

    /// Shows each hyper-parameter.
    fn each<const S: usize, const C: usize>(&self, mut f: impl FnMut(&'static str, f64, Range))
    where
        F: Formula<S, C>,
    {
        self.formula.clone().hyperparameters(&mut |name, value, range| f(name, *value, range));
    }

    /// The learning rate, if there is one.
    pub(crate) fn rate<const S: usize, const C: usize>(&self) -> Option<f64>
    where
        F: Formula<S, C>,
    {
        let mut found = None;
        self.each(|name, value, _| found = if name == RATE { Some(value) } else { found });
        found
    }

    /// All hyper-parameters, by full name.
    pub(crate) fn listed<const S: usize, const C: usize>(&self) -> Vec<(String, f64)>
    where
        F: Formula<S, C>,
    {
        let mut all = vec![];
        self.each(|name, value, _| all.push((self.full_name(name), value)));
        all
    }

    /// Refuses a hyper-parameter that is out of range, as it is or rounded to a type.
    pub(crate) fn check<const S: usize, const C: usize>(
        &self,
        dtype: DType,
    ) -> Result<(), HyperparameterError>
    where
        F: Formula<S, C>,
    {
        let mut wrong = None;
        self.each(|name, value, range| {
            if wrong.is_none() {
                wrong = refused(self.full_name(name), value, range, dtype);
            }
        });
        wrong.map_or(Ok(()), Err)
    }
}

/// Why a value cannot be a hyper-parameter.
fn refused(name: String, value: f64, range: Range, dtype: DType) -> Option<HyperparameterError> {
    let error =
        |name: String, value, expected| Some(HyperparameterError { name: name.into(), value, expected });
    if !(range.within)(value) {
        return error(name, value, range.expected);
    }
    let rounded = if dtype == DType::F32 { f64::from(value as f32) } else { value };
    if rounded == 0.0 && value != 0.0 {
        return error(format!("{name} (in {dtype})"), rounded, "a number that does not round to 0");
    }
    if (range.within)(rounded) {
        None
    } else {
        error(format!("{name} (in {dtype})"), rounded, range.expected)
    }
}

/// Changes a hyper-parameter by its full name. The learning rates of groups keep their ratio to the first one.
pub(crate) fn set<F: Formula<S, C>, const S: usize, const C: usize>(
    groups: &mut [Group<F>],
    full_name: &str,
    value: f64,
) -> Result<(), HyperparameterError> {
    let (index, name) = groups
        .iter()
        .enumerate()
        .skip(1)
        .find_map(|(i, group)| {
            let rest = full_name.strip_prefix(group.pattern.as_str())?;
            Some((i, rest.strip_prefix('/')?))
        })
        .unwrap_or((0, full_name));
    let follows = |group: &Group<F>| group.ratio.filter(|_| name == RATE && index == 0);
    // All of them are tried first, so that nothing is half done.
    write(&mut groups[index].formula.clone(), full_name, name, value)?;
    for (group, ratio) in groups.iter().filter_map(|group| Some((group, follows(group)?))) {
        write(&mut group.formula.clone(), full_name, RATE, value * ratio)?;
    }
    write(&mut groups[index].formula, full_name, name, value)?;
    for group in groups.iter_mut() {
        if let Some(ratio) = follows(group) {
            write(&mut group.formula, full_name, RATE, value * ratio)?;
        }
    }
    if name == RATE && index > 0 {
        let base = groups[0].rate();
        groups[index].follow(base);
    }
    Ok(())
}

/// Changes a hyper-parameter of a formula.
fn write<F: Formula<S, C>, const S: usize, const C: usize>(
    formula: &mut F,
    full_name: &str,
    name: &str,
    value: f64,
) -> Result<(), HyperparameterError> {
    let unknown = "a hyper-parameter that exists";
    let mut result = Err(HyperparameterError { name: full_name.to_owned().into(), value, expected: unknown });
    formula.hyperparameters(&mut |known, place, range| {
        if known == name {
            result = refused(full_name.to_owned(), value, range, DType::F64).map_or(Ok(()), Err);
            if result.is_ok() {
                *place = value;
            }
        }
    });
    result
}

/// For each parameter, its group.
pub(crate) fn assign<F>(groups: &[Group<F>], params: &Params) -> Result<Vec<usize>, StepError> {
    let of = |name: &str| groups.iter().skip(1).position(|group| matches(&group.pattern, name));
    let all: Vec<usize> = params.iter().map(|p| of(params.name(p)).map_or(0, |i| i + 1)).collect();
    for group in groups.iter().skip(1) {
        // One whose parameters an earlier group has taken is not misspelt.
        if !params.iter().any(|p| matches(&group.pattern, params.name(p))) {
            let names: Vec<String> = params.iter().map(|p| format!("`{}`", params.name(p))).collect();
            let parameters = names.join(", ");
            return Err(StepError::EmptyGroup { pattern: group.pattern.clone(), parameters });
        }
    }
    Ok(all)
}

/// Whether a name matches a pattern, in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    // The end of what `*` stands for may be anywhere.
    (0..=name.len()).any(|end| name.is_char_boundary(end) && matches(rest, &name[end..]))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name) in [
            ("*", "net.0.bias"),
            ("*.bias", "net.0.bias"),
            ("net.*", "net.0.bias"),
            ("net.*.bias", "net.0.1.bias"),
            ("*.*.bias", "net.0.bias"),
            ("net.0.bias", "net.0.bias"),
            ("*ü*", "größe.über.alles"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("", "net"), ("*.bias", "net.bias2"), ("net.*", "nets.0"), ("bias", "net.bias"), ("*a*b", "ba")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
