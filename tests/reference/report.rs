//! Running a whole folder, and whether the result is good enough.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

use crate::format::{FormatError, Group, check_format, read_json, text};
use crate::runner::{Outcome, Ran, Registry, run};

/// The outcomes of the cases of one group.
#[derive(Debug)]
pub(crate) struct GroupReport {
    pub(crate) name: String,
    ran: Vec<Ran>,
}

impl GroupReport {
    pub(crate) fn passed(&self) -> usize {
        self.ran.iter().filter(|ran| ran.outcome == Outcome::Passed).count()
    }

    /// How many cases ran as programs too, each in several ways.
    fn programs(&self) -> usize {
        self.ran.iter().filter(|ran| ran.programs > 0).count()
    }

    /// The failed cases with their worst mismatch.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ran.iter().filter_map(|ran| match &ran.outcome {
            Outcome::Failed { why } => Some((ran.case.as_str(), why.as_str())),
            _ => None,
        })
    }

    /// The op, and where there is one the reason, of every case that is not supported.
    fn unsupported(&self) -> impl Iterator<Item = &str> {
        self.ran.iter().filter_map(|ran| match &ran.outcome {
            Outcome::Unsupported { op } => Some(op.as_str()),
            _ => None,
        })
    }
}

/// The outcomes of a folder.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) groups: Vec<GroupReport>,
    /// Groups that cannot be read, and counts that are not those of the index.
    pub(crate) problems: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for group in &self.groups {
            let name = &group.name;
            let (failed, unsupported) = (group.failures().count(), group.unsupported().count());
            let passed = group.passed();
            writeln!(f, "group {name} passed {passed} failed {failed} unsupported {unsupported}")?;
            let (eager, programs) = (group.ran.len() - unsupported, group.programs());
            writeln!(f, "  evaluated {name} eager {eager} program {programs}")?;
            for (case, why) in group.failures() {
                writeln!(f, "  failed {name} {case}: {why}")?;
            }
            for ran in &group.ran {
                for (what, note) in &ran.notes {
                    writeln!(f, "  {what} {name} {}: {note}", ran.case)?;
                }
            }
        }
        for problem in &self.problems {
            writeln!(f, "problem {problem}")?;
        }
        Ok(())
    }
}

impl Report {
    /// Runs all groups of a folder: those of its index, then those that the index does not list.
    pub(crate) fn of(folder: &Path, registry: Registry<'_>) -> Self {
        let mut report = Report::default();
        let index = read_index(folder).unwrap_or_else(|error| {
            report.problems.push(error.to_string());
            Index::default()
        });
        let mut total = 0;
        for entry in &index.groups {
            match Group::read(folder, &entry.name) {
                Ok(group) => {
                    total += group.cases.len();
                    report.count(&entry.name, "cases", group.cases.len(), entry.cases);
                    report.count(&entry.name, "tensor_count", group.tensor_count, entry.tensors);
                    report.run(&group, registry);
                }
                Err(error) => report.unreadable(&entry.name, &error),
            }
        }
        if let Some(cases) = index.cases.filter(|&cases| cases != total) {
            let text = format!("index.json: cases: is {cases}, but the groups hold {total}");
            report.problems.push(text);
        }
        for name in unlisted(folder, &index, &mut report.problems) {
            report.problems.push(format!("group {name}: is not in index.json"));
            match Group::read(folder, &name) {
                Ok(group) => report.run(&group, registry),
                Err(error) => report.unreadable(&name, &error),
            }
        }
        if report.groups.is_empty() {
            report.problems.push(format!("{}: holds no group", folder.display()));
        }
        report
    }

    fn count(&mut self, group: &str, what: &str, found: usize, listed: usize) {
        if found != listed {
            let text = format!("group {group}: {what}: index.json lists {listed}, found {found}");
            self.problems.push(text);
        }
    }

    fn unreadable(&mut self, group: &str, error: &FormatError) {
        self.problems.push(format!("group {group}: cannot be read: {error}"));
        self.groups.push(GroupReport { name: group.to_owned(), ran: Vec::new() });
    }

    fn run(&mut self, group: &Group, registry: Registry<'_>) {
        for stray in &group.strays {
            let text = format!("group {}: tensor {stray}: belongs to no case", group.name);
            self.problems.push(text);
        }
        let ran = group.cases.iter().map(|case| run(case, group, registry)).collect();
        self.groups.push(GroupReport { name: group.name.clone(), ran });
    }

    /// Every (group, op) that is not supported, with the number of its cases.
    fn unsupported(&self) -> BTreeMap<(&str, &str), usize> {
        let mut counts = BTreeMap::new();
        for group in &self.groups {
            for op in group.unsupported() {
                *counts.entry((group.name.as_str(), op)).or_default() += 1;
            }
        }
        counts
    }

    /// Everything that has to make the test fail, one line each. `list` is the text of
    /// unsupported.txt; `list_is_exact` where it was written for this very folder: then an entry without
    /// unsupported cases is out of date, and so is the list if one is missing. In another folder they are only counted.
    pub(crate) fn complaints(&self, list: &str, list_is_exact: bool) -> Vec<String> {
        let mut complaints = self.problems.clone();
        for group in &self.groups {
            let name = &group.name;
            complaints.extend(group.failures().map(|(case, why)| format!("{name} {case}: {why}")));
        }
        let known = match unsupported_list(list) {
            Ok(known) => known,
            Err(what) => {
                complaints.push(what);
                return complaints;
            }
        };
        let unsupported = self.unsupported();
        for ((group, op), cases) in &unsupported {
            if list_is_exact && !known.contains(&(*group, *op)) {
                let text = format!("{group} {op}: unsupported ({cases} cases), not in unsupported.txt");
                complaints.push(text);
            }
        }
        for (group, op) in known.iter().filter(|entry| list_is_exact && !unsupported.contains_key(entry)) {
            complaints.push(format!("{group} {op}: in unsupported.txt, but no case is unsupported"));
        }
        complaints
    }
}

/// The entries of unsupported.txt: `group op` or, where only some cases of an op are not supported,
/// `group op (reason)`; sorted, each once. `#` begins a comment.
fn unsupported_list(list: &str) -> Result<BTreeSet<(&str, &str)>, String> {
    let mut entries = BTreeSet::new();
    for (number, line) in list.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let at = |what| format!("unsupported.txt line {}: {what}", number + 1);
        let Some((group, op)) = line.split_once(' ').filter(|(_, op)| is_op(op)) else {
            return Err(at("is neither `group op` nor `group op (reason)`"));
        };
        if entries.last().is_some_and(|last| *last >= (group, op)) {
            return Err(at("is out of order or there twice"));
        }
        entries.insert((group, op));
    }
    Ok(entries)
}

/// `op` or `op (reason)`.
fn is_op(text: &str) -> bool {
    match text.split_once(' ') {
        None => !text.is_empty(),
        Some((_, reason)) => reason.starts_with('(') && reason.ends_with(')'),
    }
}

#[derive(Debug, Default)]
struct Index {
    groups: Vec<IndexEntry>,
    cases: Option<usize>,
}

#[derive(Debug)]
struct IndexEntry {
    name: String,
    cases: usize,
    tensors: usize,
}

fn read_index(folder: &Path) -> Result<Index, FormatError> {
    let value = read_json(&folder.join("index.json"))?;
    let at = |what: &str| FormatError::of_file("index.json", what);
    let fields = value.as_object().ok_or_else(|| at("is not an object"))?;
    check_format("index.json", fields)?;
    let list = fields.get("groups").and_then(Value::as_array);
    let mut groups: Vec<IndexEntry> = Vec::new();
    for value in list.ok_or_else(|| at("groups: is not a list"))? {
        let fields = value.as_object().ok_or_else(|| at("groups: an entry is not an object"))?;
        let name = text(fields, "group").map_err(|e| at(&format!("groups: group: {e}")))?;
        let count =
            |field| count(fields, field).ok_or_else(|| at(&format!("{name}: {field}: is not a count")));
        let (cases, tensors) = (count("cases")?, count("tensor_count")?);
        if groups.iter().any(|earlier| earlier.name == name) {
            return Err(at(&format!("{name}: is listed twice")));
        }
        groups.push(IndexEntry { name, cases, tensors });
    }
    let cases = Some(count(fields, "cases").ok_or_else(|| at("cases: is not a count"))?);
    Ok(Index { groups, cases })
}

fn count(fields: &Map<String, Value>, field: &str) -> Option<usize> {
    fields.get(field)?.as_u64().and_then(|x| usize::try_from(x).ok())
}

/// The groups of a folder that its index does not list, sorted.
fn unlisted(folder: &Path, index: &Index, problems: &mut Vec<String>) -> BTreeSet<String> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(format!("{}: {error}", folder.display()));
            return BTreeSet::new();
        }
    };
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some(name.strip_suffix(".json")?.to_owned())
    });
    let listed = |name: &String| index.groups.iter().any(|entry| entry.name == *name);
    names.filter(|name| name != "index" && !listed(name)).collect()
}
