//! The origin of a NaN or an infinity: the first op that made one from finite operands, or the leaf that holds one.

use crate::buffers::Strided;
use crate::dtype::{DType, Float, with_float};
use crate::ir::{Held, NodeId, Op, Scan, Structure};
use crate::kernels::rows::rows;
use crate::mistake::Mistake;
use crate::params::Params;
use crate::tape::{List, Tape};
use std::fmt;

/// The origin of a NaN or an infinity: the first op, in the order of recording, that made one from finite operands, or the
/// data or parameter that holds one.
///
/// Given by [`Tape::find_nonfinite`], [`Var::find_nonfinite`](crate::Var::find_nonfinite) and
/// [`Program::find_nonfinite`](crate::Program::find_nonfinite). Its text also shows the operands.
///
/// ```
/// # use autograd::Tape;
/// let tape = Tape::new();
/// let x = tape.var([[1.0, 2.0], [-3.0, 4.0]]);
/// let y = tape.scope("head", || x.ln() * 2.0);
/// let found = tape.find_nonfinite().unwrap();
/// assert_eq!((found.op, found.node, found.line), ("ln", 1, line!() - 2));
/// assert_eq!((found.scope.as_deref(), &found.element[..]), (Some("head"), &[1, 0][..]));
/// assert!(found.value.is_nan());
/// assert!(found.to_string().starts_with("ln in `head` made NaN at [1, 0]"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NonFinite {
    /// The number of the node, on the tape or in the traced computation.
    pub node: u32,
    /// The name of the op; of a leaf `constant`, `var`, `param`, `input` or `full`.
    pub op: &'static str,
    /// The name of the parameter or input that holds the number.
    pub name: Option<String>,
    /// The source file whose line recorded it.
    pub file: &'static str,
    /// The line that recorded it. For a derivative, the line that recorded the differentiated value.
    pub line: u32,
    /// The scope that it was recorded in, such as `net.1`.
    pub scope: Option<String>,
    /// Whether a sweep recorded it, as part of a derivative.
    pub derivative: bool,
    /// The index of the first such element.
    pub element: Vec<usize>,
    /// That element: NaN or an infinity.
    pub value: f64,
    /// How many elements are NaN or infinite.
    pub count: usize,
    /// The node and its operands in words, by label.
    lines: Vec<(String, String)>,
    elements: usize,
    dtype: DType,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = self.scope.as_ref().map(|scope| format!(" in `{scope}`")).unwrap_or_default();
        let name = self.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let made = if self.lines.len() > 1 { "made" } else { "holds" };
        let (op, value, position) = (self.op, number(self.dtype, self.value), &self.element);
        write!(f, "{op}{name}{scope} {made} {value} at {position:?}")?;
        if self.derivative {
            f.write_str(", in a derivative")?;
        }
        let verb = if self.count == 1 { "is" } else { "are" };
        write!(f, "\n  found: {} of {} elements {verb} not finite", self.count, self.elements)?;
        self.lines.iter().try_for_each(|(label, text)| write!(f, "\n  {label}: {text}"))
    }
}

impl Tape<'_> {
    /// The first NaN or infinity among all values on this tape: the op that made it, its operands, the line and the scope that
    /// recorded it. `None` if all values are finite.
    ///
    /// An infinity that was written as a number does not count, because masks are written so. An op that makes NaN of it counts.
    /// [`Var::find_nonfinite`](crate::Var::find_nonfinite) also searches gradients. [`NonFinite`] has an example.
    ///
    /// # Panics
    /// On the tape of a program, which has no values: [`Program::find_nonfinite`](crate::Program::find_nonfinite).
    #[track_caller]
    pub fn find_nonfinite(&self) -> Option<NonFinite> {
        let list = self.list();
        (0..list.nodes.len() as NodeId).find_map(|id| born_at(&list, id, self.params()))
    }

    /// Makes the tape stop at the first NaN or infinity: recording one panics at the caller with the text of [`NonFinite`],
    /// also within a sweep. It is off by default, because it reads every value once more. The tape of a program has no values
    /// and ignores it.
    ///
    /// ```should_panic
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// tape.trap_nonfinite(true);
    /// let x = tape.var([1.0, 0.0]);
    /// let y = x.sqrt().sum();  // finite …
    /// y.grad([x]);             // … but its slope at 0 is not: panics here
    /// ```
    pub fn trap_nonfinite(&self, trap: bool) {
        self.list_mut().trap.on = trap;
    }

    /// Checks a node that was just recorded, if the trap is on.
    #[inline]
    #[track_caller]
    pub(crate) fn trap(&self, id: NodeId) {
        if self.list().trap.on {
            self.trap_now(id);
        }
    }

    #[cold]
    #[track_caller]
    fn trap_now(&self, id: NodeId) {
        let list = self.list();
        if list.is_traced() {
            return;
        }
        let Some(found) = born_at(&list, id, self.params()) else { return };
        let in_sweep = list.in_sweep();
        drop(list);
        if in_sweep {
            // Within a sweep, the recording line is one of a rule. The sweep panics later, at the caller's line.
            self.list_mut().trap.found.get_or_insert(found.to_string());
        } else {
            Mistake::new(found).raise();
        }
    }

    /// Called by a rule that cannot go on: its sweep panics with this mistake at the line that asked for it.
    pub(crate) fn refuse_in_sweep(&self, mistake: &Mistake) {
        self.list_mut().trap.found.get_or_insert_with(|| mistake.to_string());
    }

    /// Called within a sweep: panics at the caller if the trap caught a node that the sweep recorded, or a rule refused.
    #[track_caller]
    pub(crate) fn raise_trapped(&self) {
        let found = self.list_mut().trap.found.take();
        if let Some(found) = found {
            Mistake::new(found).raise();
        }
    }
}

/// The NaN or infinity that a node made from finite operands, or that it holds as a leaf.
#[track_caller]
pub(crate) fn born_at(list: &List, id: NodeId, params: Option<&Params>) -> Option<NonFinite> {
    let node = list.node(id);
    let has_none = match node.op {
        Op::Argument(_) => true,
        Op::Full(x) => x.is_infinite(),
        _ => !node.meta.dtype.is_float(),
    };
    if has_none {
        return None;
    }
    let here = Census::of(&list.strided(id, params));
    if here.nan + here.infinite == 0 {
        return None;
    }
    // An operand that an op takes twice is checked once.
    let mut operands = node.inputs.to_vec();
    operands.dedup();
    let before: Vec<Census> = operands.iter().map(|&i| Census::of(&list.strided(i, params))).collect();
    let clean = |c: &Census| c.nan == 0 && (c.infinite == 0 || here.nan > 0);
    before.iter().all(clean).then(|| report(list, id, params, &here))
}

#[cold]
fn report(list: &List, id: NodeId, params: Option<&Params>, here: &Census) -> NonFinite {
    let node = list.node(id);
    let (shape, origin) = (&node.meta.shape, &node.origin);
    // A NaN matters more than an infinity.
    let position = here.first_nan.or(here.first_infinite).expect("there is one");
    let element = unravel(position, shape);
    let x = list.strided(id, params);
    let mut lines = vec![("y".to_owned(), list.describe(id, params))];
    if let Op::Scan(scan) = &node.op {
        lines.extend(first_step(scan, &x).map(|text| ("step".to_owned(), text)));
    }
    let elementwise = node.op.structure() == Structure::Map;
    for (i, &operand) in node.inputs.iter().enumerate() {
        let label = node.op.labels().get(i).filter(|_| node.inputs.len() <= node.op.labels().len());
        let label = label.map_or_else(|| format!("operand {i}"), |label| (*label).to_owned());
        let value = list.strided(operand, params);
        let at = if elementwise {
            format!("{} at {element:?}", number(value.dtype(), element_at(&value, &element)))
        } else {
            Census::of(&value).range(value.dtype())
        };
        lines.push((label, format!("{}; {at}", list.describe(operand, params))));
    }
    NonFinite {
        node: id,
        op: node.op.name(),
        name: list.name(id, params),
        file: origin.site.file(),
        line: origin.site.line(),
        scope: list.scope_name(id),
        derivative: origin.is_derivative(),
        value: element_at(&x, &element),
        element,
        count: here.nan + here.infinite,
        lines,
        elements: shape.elements(),
        dtype: node.meta.dtype,
    }
}

/// The first step of a loop, as it runs, that gave a number that is not finite.
fn first_step(scan: &Scan, x: &Strided<'_>) -> Option<String> {
    let in_time = |t: usize| if scan.reverse { scan.steps - 1 - t } else { t };
    let mut first: Option<(usize, String)> = None;
    for piece in scan.pieces() {
        let each = piece.elements() / scan.steps.max(1);
        for k in 0..piece.elements() {
            if element_at(x, &[piece.start + k]).is_finite() {
                continue;
            }
            let (step, what) = match piece.held {
                // What a step begins with, the step before it gave.
                Held::History(i) => (in_time(k / each).saturating_sub(1), format!("carry {i}")),
                Held::Product(i) => (in_time(k / each), format!("product {i}")),
                Held::Result(i) if i < scan.body.ports.carried => (scan.steps - 1, format!("carry {i}")),
                Held::Result(i) => {
                    (in_time(k / each.max(1)), format!("result {}", i - scan.body.ports.carried))
                }
            };
            if first.as_ref().is_none_or(|(before, _)| step < *before) {
                first = Some((step, what));
            }
        }
    }
    first.map(|(step, what)| format!("{what} of step {} of {}, as they run", step + 1, scan.steps))
}

/// The kinds of numbers in a tensor.
#[derive(Debug)]
struct Census {
    nan: usize,
    infinite: usize,
    first_nan: Option<usize>,
    first_infinite: Option<usize>,
    least: f64,
    greatest: f64,
}

impl Census {
    fn of(x: &Strided<'_>) -> Census {
        let mut census = Census {
            nan: 0,
            infinite: 0,
            first_nan: None,
            first_infinite: None,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
        };
        if x.dtype().is_float() {
            let mut position = 0;
            with_float!(x.dtype(), T => each::<T>(x, |x| {
                census.add(x.to_f64(), position);
                position += 1;
            }));
        }
        census
    }

    fn add(&mut self, x: f64, position: usize) {
        if x.is_nan() {
            self.nan += 1;
            self.first_nan.get_or_insert(position);
        } else if x.is_infinite() {
            self.infinite += 1;
            self.first_infinite.get_or_insert(position);
        }
        self.least = self.least.min(x);
        self.greatest = self.greatest.max(x);
    }

    fn range(&self, dtype: DType) -> String {
        if self.least > self.greatest {
            return "no floating-point elements".to_owned();
        }
        format!("from {} to {}", number(dtype, self.least), number(dtype, self.greatest))
    }
}

/// Calls `f` with each element in row-major order.
fn each<T: Float>(x: &Strided<'_>, mut f: impl FnMut(T)) {
    let data = T::slice(x.data);
    rows(x.shape, [x.strides], [x.offset], &mut |n, [start], [step]| {
        (0..n).for_each(|k| f(data[start.wrapping_add_signed(k as isize * step)]));
    });
}

fn element_at(x: &Strided<'_>, index: &[usize]) -> f64 {
    let steps: isize = index.iter().zip(x.strides).map(|(&i, &s)| i as isize * s).sum();
    x.number(x.offset.wrapping_add_signed(steps))
}

/// The multi-index of an element, from its position in row-major order.
fn unravel(mut position: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &length) in index.iter_mut().zip(shape).rev() {
        *i = position % length;
        position /= length;
    }
    index
}

/// A number with as many digits as its dtype has.
fn number(dtype: DType, x: f64) -> String {
    if dtype == DType::F32 { format!("{:?}", x as f32) } else { format!("{x:?}") }
}
