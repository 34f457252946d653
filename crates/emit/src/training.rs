//! A step of training in one function: forward, gradients, and the update of parameters and of what an optimiser remembers.

use crate::Refused;
use crate::functions::Functions;
use crate::memory::{c_type, identifier, size, suffix};
use autograd::loops::{Coefficient, UpdateText};
use autograd::{DType, Optimizer, Param, Params, Program, printed};
use std::fmt::Write as _;
use std::ops::Range;

/// What a step does beside running the program.
pub(crate) struct Training {
    update: UpdateText,
    dtype: DType,
    elements: usize,
    /// Parts of the slab, each with its group: neighbours of one group are one part.
    parts: Vec<(Range<usize>, usize)>,
    /// Those of single parameters, whose norms are joined.
    tensors: Vec<Range<usize>>,
}

impl Training {
    /// Reads a program and an optimiser, and names the functions that a step calls.
    ///
    /// # Errors
    /// Why there is no text.
    pub(crate) fn of(
        program: &Program,
        params: &Params,
        optimizer: &dyn Optimizer,
        functions: &mut Functions,
    ) -> Result<Training, Refused> {
        let refused = |what: &str, why: &str| Refused { what: what.to_owned(), why: why.to_owned() };
        let trained = program
            .trained(params)
            .ok_or_else(|| refused("the program", "it gives no gradients, which a step of training needs"))?;
        if trained.is_empty() {
            return Err(refused("the program", "its loss depends on no parameter that is trained"));
        }
        if program.written().next().is_some() {
            return Err(refused(
                "the program",
                "a step writes state that is not trained, which has no place yet",
            ));
        }
        let update = optimizer.update_text(params).map_err(|why| refused("the optimiser", why))?;
        let mut parts: Vec<(Range<usize>, usize)> = vec![];
        for (param, range) in &trained {
            let group = update.groups[Param::index(*param)];
            match parts.last_mut() {
                Some((last, of)) if *of == group && last.end == range.start => last.end = range.end,
                _ => parts.push((range.clone(), group)),
            }
        }
        functions.updates(params.dtype(), &update.body);
        let tensors = trained.into_iter().map(|(_, range)| range).collect();
        Ok(Training { update, dtype: params.dtype(), elements: params.elements(), parts, tensors })
    }

    /// What is remembered: the number of steps, the gradients, and the states.
    fn arrays(&self) -> Vec<(String, usize)> {
        let each = 64 * lines(self.elements, self.dtype);
        let names = ["gradients".to_owned()].into_iter().chain(self.states());
        names.enumerate().map(|(i, name)| (name, 64 + i * each)).collect()
    }

    /// The variables of the states.
    fn states(&self) -> impl Iterator<Item = String> {
        self.update.states.iter().map(|state| format!("state_{}", identifier(state)))
    }

    fn bytes(&self) -> usize {
        64 + self.arrays().len() * 64 * lines(self.elements, self.dtype)
    }

    /// The functions of a step. `given` are the inputs of the program, as parameters and as arguments; `loss` tells where it is.
    pub(crate) fn text(&self, name: &str, given: &[(String, String)], loss: &str) -> String {
        let (upper, t, f) = (name.to_uppercase(), c_type(self.dtype), suffix(self.dtype));
        let mut text = format!(
            "#if !defined(__CUDACC__)\n/* What a step remembers, in bytes, aligned to 64: zeros before the first one. */\n#define \
             {upper}_MEMORY {}\n",
            self.bytes()
        );
        let body = self.update.body.replace('\n', "\n  ");
        let _ = writeln!(
            text,
            "/* The update of one number. */\nWG_FN void {name}_update(const {t} *c, {t} p, {t} g, const {t} *s, {t} *y, {t} *r) {{\n  \
             (void)c, (void)s, (void)r;\n  {body}\n}}"
        );
        text += &self.part(name);
        let mut parameters = vec![format!("{t} *parameters")];
        parameters.extend(given.iter().map(|(parameter, _)| parameter.clone()));
        parameters.extend(["void *memory".to_owned(), "void *work".to_owned()]);
        let _ = writeln!(
            text,
            "/* One step of training. Gives 0; 1 as {name}_run does; 2 if the loss, a gradient or a result is not finite: then \
             no\n   parameter has changed. */\nstatic inline int {name}_step({}) {{",
            parameters.join(", ")
        );
        for (array, start) in self.arrays() {
            let _ = writeln!(text, "  {t} *const {array} = ({t} *)((char *)memory + {start});");
        }
        let mut arguments = vec!["parameters".to_owned(), "gradients".to_owned()];
        arguments.extend(given.iter().map(|(_, argument)| argument.clone()));
        arguments.push("work".to_owned());
        let _ = writeln!(text, "  if ({name}_run({})) return 1;", arguments.join(", "));
        let _ = writeln!(text, "  if (!wg_is_finite{f}(*{loss}(work))) return 2;");
        let _ = writeln!(
            text,
            "  const wg_long t = *(wg_long *)memory + 1;\n  double scale = {};",
            double(self.update.prepare.scale)
        );
        self.clip(&mut text);
        for (group, coefficients) in self.update.coefficients.iter().enumerate() {
            let all: Vec<String> =
                coefficients.iter().map(|&c| format!("({t})({})", coefficient(c))).collect();
            let all = if all.is_empty() { "0".to_owned() } else { all.join(", ") };
            let _ = writeln!(text, "  const {t} c{group}[] = {{{all}}};\n  (void)c{group};");
        }
        text += "  for (int kept = 0; kept < 2; ++kept)\n    if (!(1";
        let limit = double(self.update.prepare.limit);
        for (range, group) in &self.parts {
            let arrays: String =
                self.arrays().iter().map(|(array, _)| format!(", {array} + {}", range.start)).collect();
            let _ = write!(
                text,
                "\n          && {name}_part(kept, {}, c{group}, ({t})scale, ({t}){limit}, parameters + {}{arrays})",
                range.len(),
                range.start
            );
        }
        text + ")) return 2;\n  *(wg_long *)memory = t;\n  return 0;\n}\n#endif\n"
    }

    /// The function that updates a part, or only tells whether all results are finite.
    fn part(&self, name: &str) -> String {
        let (t, f) = (c_type(self.dtype), suffix(self.dtype));
        let states: Vec<String> = self.states().collect();
        let parameters: String = states.iter().map(|state| format!(", {t} *{state}")).collect();
        let read: Vec<String> = states.iter().map(|state| format!("{state}[i]")).collect();
        let read = if read.is_empty() { "0".to_owned() } else { read.join(", ") };
        let mut kept = String::from("p[i] = y;");
        let mut finite = format!("wg_is_finite{f}(gradients[i]) && wg_is_finite{f}(y)");
        for (i, state) in states.iter().enumerate() {
            let _ = write!(kept, " {state}[i] = r[{i}];");
            let _ = write!(finite, " && wg_is_finite{f}(r[{i}])");
        }
        let as_it_is = self.update.prepare.is_nothing() && self.update.clip_norm == f64::INFINITY;
        let g = match as_it_is {
            true => "gradients[i];\n    (void)scale, (void)limit;",
            false => "scale * gradients[i];\n    g = g > limit ? limit : g < -limit ? -limit : g;",
        };
        format!(
            "/* Updates a part, or tells whether all results are finite. */\nstatic inline int {name}_part(int kept, int n, const {t} *c, \
             {t} scale, {t} limit, {t} *p, const {t} *gradients{parameters}) {{\n  int finite = 1;\n  for (int i = 0; i < n; ++i) {{\n    \
             const {t} s[] = {{{read}}};\n    {t} y, r[{}], g = {g}\n    {name}_update(c, p[i], g, s, &y, r);\n    if (kept) {{\n      {kept}\n    }} else {{\n      finite &= {finite};\n    \
             }}\n  }}\n  return finite;\n}}\n",
            states.len().max(1)
        )
    }

    /// The factor that brings the norm of all gradients to its limit.
    fn clip(&self, text: &mut String) {
        if self.update.clip_norm == f64::INFINITY {
            return;
        }
        let (f, limit) = (suffix(self.dtype), double(self.update.clip_norm));
        *text += "  double all[2] = {0};\n";
        for range in &self.tensors {
            let _ = writeln!(
                text,
                "  wg_join_norm(all, wg_norm{f}(gradients + {}, {}));",
                range.start,
                range.len()
            );
        }
        let _ = writeln!(text, "  const double norm = wg_whole_norm(all) * wg_fabs(scale);");
        let _ =
            writeln!(text, "  if (wg_is_finite(norm) && norm > {limit}) scale = scale * ({limit} / norm);");
    }
}

/// The lines of 64 bytes that an array of what is remembered takes.
pub(crate) fn lines(elements: usize, dtype: DType) -> usize {
    (elements.max(1) * size(dtype)).div_ceil(64)
}

fn double(c: f64) -> String {
    printed::literal(c, true)
}

/// The coefficient of step `t`, in double precision.
fn coefficient(c: Coefficient) -> String {
    match c {
        Coefficient::First { first, later } => format!("t == 1 ? {} : {}", double(first), double(later)),
        Coefficient::Corrected { value, decay } => {
            format!("{} / (1.0 - wg_power({}, t))", double(value), double(decay))
        }
        Coefficient::Falling { value, decay } => {
            format!("{} / (1.0 + (double)(t - 1) * {})", double(value), double(decay))
        }
        // The same in every step.
        c => double(c.at(1)),
    }
}
