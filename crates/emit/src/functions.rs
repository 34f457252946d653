//! The functions that the kernels of a program call: each is printed once, from the table, and only if it is called.

mod items;

use crate::memory::suffix;
use autograd::DType;
use autograd::planned::{Binary, Kernel, Plan, Unary, Work};
use autograd::printed;
use items::{Item, called};

/// What every header begins and ends with, whatever was included before.
const OPTIONS: &str = include_str!("text/options.h");
const WIDE: &str = include_str!("text/wide.h");
const FEW: &str = include_str!("text/few.h");
pub(crate) const END: &str = include_str!("text/end.h");
const PRELUDE: &str = include_str!("text/prelude.h");
const LOOPS: &str = include_str!("text/loops.h");
const BASIC: &str = include_str!("text/basic.h");
const SOFT: &str = include_str!("text/soft.h");
const DIGITS: &str = include_str!("text/digits.h");
const SUMS: &str = include_str!("text/sums.h");
const PRODUCT: &str = include_str!("text/product.h");
const ATTENTION: &str = include_str!("text/attention.h");
const POWER: &str = include_str!("text/power.h");
const UPDATE: &str = include_str!("text/update.h");
const ORDER: &str = include_str!("text/order.h");
const PLAIN: &str = include_str!("text/special/plain.h");
/// Special functions, by what their texts are asked for.
const SPECIAL: [(&str, &str); 5] = [
    ("GAMMA", include_str!("text/special/gamma.h")),
    ("ERROR", include_str!("text/special/error.h")),
    ("BESSEL", include_str!("text/special/bessel.h")),
    ("ENTIRE", include_str!("text/special/entire.h")),
    ("INCOMPLETE", include_str!("text/special/incomplete.h")),
];
const LINEAR: &str = include_str!("text/linear.h");
const TERMS: &str = include_str!("text/terms.h");
const RANDOM: &str = include_str!("text/random.h");

/// What has to stand before the kernels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions {
    names: Vec<String>,
    /// The most elements of a kernel, where they are known.
    elements: Option<usize>,
    /// In an order in which each is known before it is called.
    items: Vec<Item>,
}

/// From so many elements on, the widest vectors pay: what is left over after them is computed number by number.
const MANY: usize = 512;
/// Below so many, no vectors pay.
const FEW_ELEMENTS: usize = 8;

impl Functions {
    /// Functions for the kernels of a plan.
    pub(crate) fn of(plan: &Plan) -> Functions {
        let elements = |kernel: &Kernel| match &kernel.work {
            Work::Tile(code) => code.elements,
            // They read more than they write.
            Work::Product { c: y, .. } | Work::Op { y, .. } => y.shape.elements().max(FEW_ELEMENTS),
        };
        Functions { elements: plan.kernels.iter().map(elements).max(), ..Functions::default() }
    }

    /// What these kernels need.
    pub(crate) fn text(&self, kernels: &str) -> String {
        let mut all = Item::split(BASIC);
        all.extend(Item::split(LOOPS));
        all.extend(Item::split(SOFT));
        all.extend_from_slice(&self.items);
        let vectors = match self.elements {
            Some(MANY..) => WIDE,
            Some(..FEW_ELEMENTS) => FEW,
            _ => "",
        };
        format!("{OPTIONS}{vectors}{PRELUDE}{}", called(&all, kernels))
    }

    fn is_new(&mut self, name: &str) -> bool {
        let is_new = !self.names.iter().any(|known| known == name);
        if is_new {
            self.names.push(name.to_owned());
        }
        is_new
    }

    /// The name of a function of one argument.
    pub(crate) fn unary(&mut self, f: Unary, dtype: DType) -> String {
        let name = format!("wg_{}{}", function_name(f), suffix(dtype));
        self.add(&name, &["x"], dtype, printed::unary(f, dtype == DType::F64));
        name
    }

    /// The name of a function of two arguments.
    pub(crate) fn binary(&mut self, f: Binary, dtype: DType) -> String {
        let name = format!("wg_{}{}", function_name(f), suffix(dtype));
        self.add(&name, &["a", "b"], dtype, printed::binary(f, dtype == DType::F64));
        name
    }

    /// The name of the exponential that attention takes.
    fn exp_falling(&mut self, dtype: DType) {
        let name = format!("wg_exp_falling{}", suffix(dtype));
        self.add(&name, &["x"], dtype, printed::exp_falling(dtype == DType::F64));
    }

    fn add(&mut self, name: &str, arguments: &[&str], dtype: DType, body: String) {
        self.needs_digits(&body);
        let t = crate::memory::c_type(dtype);
        if self.is_new(name) {
            let arguments: Vec<String> = arguments.iter().map(|x| format!("{t} {x}")).collect();
            let body = body.replace('\n', "\n  ");
            let text = format!("WG_FN {t} {name}({}) {{\n  {body}\n}}\n", arguments.join(", "));
            self.items.push(Item::of(name, text));
        }
    }

    /// A function that writes several results.
    pub(crate) fn several(&mut self, name: &str, results: &[&str], dtype: DType, body: String) -> String {
        let (t, name) = (crate::memory::c_type(dtype), format!("wg_{name}{}", suffix(dtype)));
        if self.is_new(&name) {
            let results: String = results.iter().map(|y| format!(", {t} *{y}")).collect();
            let body = body.replace('\n', "\n  ");
            let text = format!("WG_FN void {name}({t} x{results}) {{\n  {body}\n}}\n");
            self.items.push(Item::of(&name, text));
        }
        name
    }

    /// Sums in the order of the engine.
    pub(crate) fn sums(&mut self, dtype: DType) {
        self.typed("SUMS", SUMS, dtype);
    }

    /// Products in the order of the engine.
    pub(crate) fn products(&mut self, dtype: DType) {
        self.sums(dtype);
        self.typed("PRODUCT", PRODUCT, dtype);
    }

    /// Attention, and its cotangents.
    pub(crate) fn attention(&mut self, dtype: DType) {
        self.products(dtype);
        self.exp_falling(dtype);
        self.random();
        self.typed("ATTENTION", ATTENTION, dtype);
    }

    /// What a step of training needs: norms, powers, and what the text of the update calls.
    pub(crate) fn updates(&mut self, dtype: DType, body: &str) {
        self.needs_digits(body);
        if self.is_new("POWER") {
            self.items.extend(Item::split(POWER));
        }
        self.typed("UPDATE", UPDATE, DType::F64);
        self.typed("UPDATE", UPDATE, dtype);
    }

    /// The order of the elements of a line.
    pub(crate) fn order(&mut self, dtype: DType) {
        self.typed("ORDER", ORDER, dtype);
    }

    /// Special functions of a kind.
    pub(crate) fn special(&mut self, kind: &str) {
        // What they call, of the table.
        for f in [
            Unary::Exp,
            Unary::Expm1,
            Unary::Ln,
            Unary::Ln1p,
            Unary::Sin,
            Unary::Cos,
            Unary::Tanh,
            Unary::Erf,
        ] {
            self.unary(f, DType::F64);
        }
        for (name, body) in printed::gammas() {
            self.add(&format!("wg_{name}"), &["x"], DType::F64, body);
        }
        let kinds = SPECIAL.iter().filter(|(name, _)| *name == kind);
        for (name, text) in [("PLAIN", PLAIN)].iter().chain(kinds) {
            if self.is_new(name) {
                self.items.extend(Item::split(text));
            }
        }
    }

    /// Factors of matrices.
    pub(crate) fn linear(&mut self) {
        self.products(DType::F64);
        self.terms();
        if self.is_new("LINEAR") {
            self.items.extend(Item::split(LINEAR));
        }
    }

    /// What sums of single terms need.
    pub(crate) fn terms(&mut self) {
        if self.is_new("TERMS") {
            self.items.extend(Item::split(TERMS));
        }
    }

    /// Random words.
    pub(crate) fn random(&mut self) {
        if self.is_new("RANDOM") {
            self.items.extend(Item::split(RANDOM));
        }
    }

    fn needs_digits(&mut self, body: &str) {
        if body.contains("two_over_pi") && self.is_new("DIGITS") {
            self.items.extend(Item::split(DIGITS));
        }
    }

    fn typed(&mut self, name: &str, text: &str, dtype: DType) {
        let f = suffix(dtype);
        if self.is_new(&format!("{name}{f}")) {
            let text = text.replace("@f", f).replace('@', crate::memory::c_type(dtype));
            self.items.extend(Item::split(&text));
        }
    }
}

/// A row by a name of its own; those that IEEE 754 has belong to the prelude.
fn function_name(f: impl std::fmt::Debug) -> String {
    let text = format!("{f:?}");
    let words = text.replace('-', "minus").replace(['(', '.'], "_").replace([')', ' '], "");
    let mut name = String::from("of_");
    for (i, c) in words.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}
