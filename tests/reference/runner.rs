//! Running one case: evaluate it and compare every stored result with the computed one.

use std::collections::BTreeMap;
use std::fmt;

use crate::array::Array;
use crate::compare::{Tolerance, compare};
use crate::format::{Case, FormatError, Group};
use crate::panics::{Panicked, caught};

/// Roles of inputs. All other roles are results, which must match.
const GIVEN: [&str; 4] = ["in", "cot", "tan", "init"];

/// Roles that depend on the choice made at a kink or a tie.
const GRADIENTS: [&str; 3] = ["grad", "jvp", "hvp"];

/// The outcome of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    Failed {
        why: String,
    },
    /// No handler, or none for this variant: then `op` ends in the reason, in parentheses.
    Unsupported {
        op: String,
    },
}

/// Why a handler has no results to show.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The code under test refused its inputs with this error.
    Refused(String),
    /// The stored data cannot be used.
    Data(FormatError),
    /// Something that is no stored array does not agree, for instance a number in `args`.
    Mismatch(String),
    /// The code under test has no such variant of the op; the reason names the variant.
    Unsupported(String),
}

impl Fault {
    pub(crate) fn refused(error: impl fmt::Display) -> Self {
        Fault::Refused(error.to_string())
    }
}

impl From<FormatError> for Fault {
    fn from(error: FormatError) -> Self {
        Fault::Data(error)
    }
}

/// How a computed array is compared with the stored one.
#[derive(Debug, Clone, PartialEq)]
enum Hold {
    EachElement,
    ByLargest,
    Waived { why: String },
}

/// Elements to hold another figure against than the stored one.
#[derive(Debug)]
struct Figures {
    elements: Vec<(usize, f64)>,
    why: String,
}

/// The results of a handler, by role and label.
#[derive(Debug, Default)]
pub(crate) struct Results {
    arrays: BTreeMap<(String, String), (Option<Array>, Hold)>,
    figures: BTreeMap<(String, String), Figures>,
    same_convention: bool,
    takes_limits: bool,
    /// The same computed in other ways, with their names.
    planned: Vec<(&'static str, Results)>,
}

impl Results {
    pub(crate) fn put(&mut self, role: &str, label: &str, array: impl Into<Array>) {
        self.insert(role, label, Some(array.into()), Hold::EachElement);
    }

    /// What does not depend on the way of computing.
    pub(crate) fn put_each_way(&mut self, role: &str, label: &str, array: impl Into<Array>) {
        let array = array.into();
        self.planned.iter_mut().for_each(|(_, results)| results.put(role, label, array.clone()));
        self.put(role, label, array);
    }

    /// For results that cancel: the tolerance is relative to the largest element of the array.
    pub(crate) fn put_by_largest(&mut self, role: &str, label: &str, array: impl Into<Array>) {
        self.insert(role, label, Some(array.into()), Hold::ByLargest);
    }

    /// Not held, for the reason given; the report lists it.
    pub(crate) fn waive(&mut self, role: &str, label: &str, why: &str) {
        self.insert(role, label, None, Hold::Waived { why: why.to_owned() });
    }

    /// Other figures than the stored ones for some elements (counted in row-major order): where the software
    /// behind the stored numbers lost the result, or where another convention is followed. The report lists
    /// the reason.
    pub(crate) fn instead(&mut self, role: &str, label: &str, why: &str, elements: Vec<(usize, f64)>) {
        let figures = Figures { elements, why: why.to_owned() };
        self.figures.insert((role.to_owned(), label.to_owned()), figures);
    }

    /// Adds what came out in another way of computing, which is held as the rest is.
    pub(crate) fn planned(&mut self, way: &'static str, results: Results) {
        self.planned.push((way, results));
    }

    fn insert(&mut self, role: &str, label: &str, array: Option<Array>, hold: Hold) {
        self.arrays.insert((role.to_owned(), label.to_owned()), (array, hold));
    }

    /// At kinks and ties the same choice was made as by the software behind the stored numbers, so that
    /// the gradients of a `convention` case are held too.
    pub(crate) fn same_convention(&mut self) {
        self.same_convention = true;
    }

    /// A gradient that is stored as nan because the software missed a limit at an infinity may be
    /// anything else.
    pub(crate) fn takes_limits(&mut self) {
        self.takes_limits = true;
    }
}

/// How an op refuses inputs that it cannot take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Refusal {
    /// With a typed error: [`Fault::Refused`].
    TypedError,
    /// With a panic that points at the caller.
    PanicInCaller,
}

/// The signature of a handler: a case, and its group for what the case refers to.
pub(crate) type Evaluate = dyn Fn(&Case, &Group) -> Result<Results, Fault>;

/// Evaluates the cases of one op.
pub(crate) struct Handler {
    evaluate: Box<Evaluate>,
    refusal: Refusal,
}

impl Handler {
    pub(crate) fn new(
        refusal: Refusal,
        evaluate: impl Fn(&Case, &Group) -> Result<Results, Fault> + 'static,
    ) -> Self {
        Handler { evaluate: Box::new(evaluate), refusal }
    }
}

/// Finds the handler of a group and op.
pub(crate) type Registry<'a> = &'a dyn Fn(&str, &str) -> Option<Handler>;

/// A case that was run.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) case: String,
    pub(crate) outcome: Outcome,
    /// Where the handler asked not to hold an array, or other figures than the stored ones: what, and its
    /// reason.
    pub(crate) notes: Vec<(&'static str, String)>,
    /// As how many programs it ran beside.
    pub(crate) programs: usize,
}

pub(crate) fn run(case: &Case, group: &Group, registry: Registry<'_>) -> Ran {
    let mut notes = Vec::new();
    let mut programs = 0;
    let outcome = match registry(&group.name, &case.op) {
        None => Outcome::Unsupported { op: case.op.clone() },
        Some(handler) => {
            case.args.forget();
            let evaluated = caught(|| (handler.evaluate)(case, group));
            match not_done(case, &evaluated) {
                Some(reason) => Outcome::Unsupported { op: format!("{} ({reason})", case.op) },
                None => {
                    if let Ok(Ok(results)) = &evaluated {
                        programs = results.planned.len();
                    }
                    match verdict(case, handler.refusal, evaluated, &mut notes) {
                        Ok(()) => Outcome::Passed,
                        Err(why) => Outcome::Failed { why },
                    }
                }
            }
        }
    };
    Ran { case: case.name.clone(), outcome, notes, programs }
}

/// What the case asks for and the handler does not do: a variant that it names, or values that it does not know or did not
/// read. Then neither right nor wrong results say anything, nor does a refusal. Broken data stay broken.
fn not_done(case: &Case, evaluated: &Result<Result<Results, Fault>, Panicked>) -> Option<String> {
    match evaluated {
        Ok(Err(Fault::Unsupported(reason))) if !case.must_refuse => return Some(reason.clone()),
        Ok(Err(Fault::Data(FormatError { unknown: Some(path), .. }))) => return Some(path.clone()),
        Ok(Err(Fault::Unsupported(_) | Fault::Data(_))) => return None,
        Err(Panicked { unknown: Some(path), .. }) => return Some(path.clone()),
        Err(Panicked { bad_data: true, .. }) => return None,
        _ => {}
    }
    let unread = case.args.unread();
    let named: Vec<_> = unread.iter().map(|path| format!("args.{path}")).collect();
    (!named.is_empty()).then(|| named.join(", "))
}

fn verdict(
    case: &Case,
    refusal: Refusal,
    evaluated: Result<Result<Results, Fault>, Panicked>,
    notes: &mut Vec<(&'static str, String)>,
) -> Result<(), String> {
    match (evaluated, case.must_refuse) {
        (Ok(Ok(results)), false) => check_all(case, results, notes),
        (Ok(Ok(_)), true) => Err("accepted, but it must be refused".to_owned()),
        (Ok(Err(Fault::Refused(_))), true) => match refusal {
            Refusal::TypedError => Ok(()),
            Refusal::PanicInCaller => Err("refused with an error, not with a panic".to_owned()),
        },
        (Ok(Err(Fault::Refused(why))), false) => Err(format!("refused: {why}")),
        (Ok(Err(Fault::Data(error))), _) => Err(error.to_string()),
        (Ok(Err(Fault::Mismatch(why))), _) => Err(why),
        (Ok(Err(Fault::Unsupported(why))), _) => Err(format!("unsupported, but it must be refused: {why}")),
        (Err(panic), true) if !panic.bad_data && refusal == Refusal::PanicInCaller => {
            if panic.points_at_caller() {
                Ok(())
            } else {
                Err(format!("refused, but not at the caller: {}", panic.describe()))
            }
        }
        (Err(panic), _) => Err(panic.describe()),
    }
}

/// Compares the results of every way of computing.
fn check_all(
    case: &Case,
    mut results: Results,
    notes: &mut Vec<(&'static str, String)>,
) -> Result<(), String> {
    check(case, &results, notes)?;
    for (way, planned) in std::mem::take(&mut results.planned) {
        results.arrays = planned.arrays;
        check(case, &results, &mut Vec::new()).map_err(|why| format!("{way}: {why}"))?;
    }
    Ok(())
}

/// Compares every stored result with the computed one and reports the first that differs, in the
/// order value, gradient, directional derivative, because the later ones follow from the earlier.
fn check(case: &Case, results: &Results, notes: &mut Vec<(&'static str, String)>) -> Result<(), String> {
    let mut stored: Vec<_> = case.stored().filter(|(role, ..)| !GIVEN.contains(role)).collect();
    stored.sort_by_key(|(role, ..)| GRADIENTS.iter().position(|g| g == role).map_or(0, |at| at + 1));
    for key in results.arrays.keys() {
        if !stored.iter().any(|(role, label, _)| (*role, *label) == (&key.0, &key.1)) {
            return Err(format!("{}/{}: computed, but the case holds no such array", key.0, key.1));
        }
    }
    for (role, label, want) in stored {
        if case.convention && !results.same_convention && GRADIENTS.contains(&role) {
            continue;
        }
        let key = (role.to_owned(), label.to_owned());
        let found = results.arrays.get(&key);
        let (got, by_largest) = match found {
            Some((_, Hold::Waived { why })) => {
                notes.push(("waived", format!("{role}/{label}: {why}")));
                continue;
            }
            Some((Some(got), hold)) => (got, *hold == Hold::ByLargest),
            Some((None, _)) | None => return Err(format!("{role}/{label}: not computed")),
        };
        let tolerance = Tolerance { rtol: case.rtol, atol: case.atol, by_largest };
        let mut want = want.clone();
        if let Some(Figures { elements, why }) = results.figures.get(&key) {
            let replaced = replace(&mut want, elements, tolerance);
            if replaced > 0 {
                notes.push(("replaced", format!("{role}/{label}: {replaced} elements: {why}")));
            }
        }
        let held = undefined_gradients(case, role, label, &want, results.takes_limits);
        if let Some(mismatch) = compare(got, &want, tolerance, held) {
            return Err(format!("{role}/{label}{mismatch}"));
        }
    }
    Ok(())
}

/// Replaces stored elements that differ from the given figures by these, and counts them.
fn replace(want: &mut Array, figures: &[(usize, f64)], tolerance: Tolerance) -> usize {
    let mut replaced = 0;
    for &(at, figure) in figures {
        let stored = want.clone();
        want.set(at, figure);
        if compare(&stored, want, tolerance, |_, _| true).is_some() {
            replaced += 1;
        } else {
            *want = stored;
        }
    }
    replaced
}

/// Which elements are held: all but the gradients at nan inputs, where sound programs return what
/// their kernels happen to give, and those at infinities where a limit was taken instead of a nan. Of several
/// operands of one shape any may be nan.
fn undefined_gradients(
    case: &Case,
    role: &str,
    label: &str,
    want: &Array,
    takes_limits: bool,
) -> impl Fn(usize, f64) -> bool {
    let of_gradient = case.array("in", label).is_ok() && (role == "grad" || role == "hvp");
    let inputs = case.arrays("in").iter().filter(|(_, x)| x.is_float() && x.shape() == want.shape());
    let inputs: Vec<Vec<f64>> = inputs.filter(|_| of_gradient).map(|(_, x)| x.floats()).collect();
    let want = want.floats();
    move |at, got| {
        let nan_input = inputs.iter().any(|x| x[at].is_nan());
        let limit = takes_limits && !inputs.is_empty() && want[at].is_nan() && !got.is_nan();
        !nan_input && !limit
    }
}
