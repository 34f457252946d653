//! The optimiser of a formula.

mod few;
mod finite;
mod optimizer;

use crate::group::Group;
use crate::loops::{Prepared, share, update};
use crate::memory::{Memory, Part, Subject};
use crate::{Formula, HyperparameterError, StepError};
use autograd::loops::{Bounds, Prepare, Streams, Supply, Workers, bound as bound_of};
use autograd::{DType, Float, Gradients, Number, Params};

/// An optimiser that updates each number by a [`Formula`]: [`Sgd`](crate::Sgd), [`Momentum`](crate::Momentum),
/// [`Adam`](crate::Adam), and those that users write.
///
/// It belongs to the model or the point of its first step. A step checks everything before it changes anything: the
/// gradients, and bounds of all results. It looks at each result only where the bounds leave it open.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{Adam, Optimizer};
/// let mut params = Params::f64();
/// let mut net = params.scope("net");
/// let [weight, bias] = [net.param("weight", [2], 1.0), net.param("bias", [], 1.0)];
/// let mut adam = Adam::new(0.1)?.group("*.bias", |adam| adam.learning_rate = 0.01)?;
/// let tape = Tape::with(&params);
/// let grads = (tape.param(weight).sum() + tape.param(bias)).backward();
/// adam.step(&mut params, &grads)?;
/// assert!((params.get::<f64>(weight)[0] - 0.9).abs() < 1e-8 && (params.get::<f64>(bias)[0] - 0.99).abs() < 1e-8);
/// let v = adam.state_of::<f64>(&params, weight, "v").unwrap();
/// assert!((v[0] - 0.001).abs() < 1e-15);
/// assert_eq!(adam.steps_of(&params, weight), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Descent<F, const S: usize, const C: usize> {
    /// First that of parameters in no group.
    groups: Vec<Group<F>>,
    pub(crate) memory: Memory<S>,
    lazy_rows: bool,
    /// The type in which the hyper-parameters have been checked.
    checked: Option<DType>,
    /// The coefficients of a step and a group, which several readers ask for.
    latest: Option<(u64, usize, [f64; C])>,
}

impl<F: Formula<S, C>, const S: usize, const C: usize> Descent<F, S, C> {
    /// The optimiser of a formula.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn of(formula: F) -> Result<Self, HyperparameterError> {
        let groups = vec![Group::new(String::new(), formula)];
        let descent =
            Descent { groups, memory: Memory::default(), lazy_rows: false, checked: None, latest: None };
        descent.check(DType::F64)?;
        Ok(descent)
    }

    /// The same with other hyper-parameters.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut F)) -> Result<Self, HyperparameterError> {
        change(&mut self.groups[0].formula);
        (self.checked, self.latest) = (None, None);
        self.check(DType::F64)?;
        Ok(self)
    }

    /// The same with hyper-parameters of their own for the parameters whose names match a pattern, in which `*` stands for
    /// any text: `*.bias`, `encoder.*`. The first group that matches counts. A learning rate that is set later keeps its
    /// ratio to those of the groups; a group that is made beside a rate of 0 keeps its own.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range. A step refuses a pattern that matches no parameter.
    pub fn group(mut self, pattern: &str, change: impl FnOnce(&mut F)) -> Result<Self, HyperparameterError> {
        let mut formula = self.groups[0].formula.clone();
        change(&mut formula);
        let mut group = Group::new(pattern.to_owned(), formula);
        group.follow(self.groups[0].rate());
        self.groups.push(group);
        self.memory.groups.clear();
        (self.checked, self.latest) = (None, None);
        self.check(DType::F64)?;
        Ok(self)
    }

    /// The same with lazy rows or without: where the gradients [name rows](Gradients::name_rows), only these are updated,
    /// with their state. Rows that are not named keep their averages, which otherwise decay, and have no weight decay.
    ///
    /// Without averages, momentum and weight decay, as [`Sgd`](crate::Sgd) and [`Adagrad`](crate::Adagrad), it is the same update with less work.
    /// Optimisers by whole tensors ([`PerTensor`](crate::PerTensor): Adafactor, LAMB, LARS, Muon, NovoGrad) have no rows: their norms are those of
    /// the whole gradient. Neither has a step of a program whose gradients go straight into the update.
    ///
    /// ```
    /// use autograd::{Gradients, Params};
    /// use optim::{Adam, Optimizer};
    /// let mut params = Params::f64();
    /// let table = params.scope("words").param("table", [3, 1], 1.0);
    /// let mut grads = Gradients::zeros(&params);
    /// grads.get_mut::<f64>(table).unwrap()[1] = 0.5;
    /// grads.name_rows(&params, table, &[1]);
    /// Adam::new(0.25)?.lazy_rows(true).step(&mut params, &grads)?;
    /// assert!((params.get::<f64>(table)[1] - 0.75).abs() < 1e-7 && params.get::<f64>(table)[2] == 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lazy_rows(mut self, lazy: bool) -> Self {
        (self.lazy_rows, self.memory.known) = (lazy, None);
        self
    }

    /// The same as it was before its first step.
    pub(crate) fn without_memory(&self) -> Self {
        Descent { groups: self.groups.clone(), memory: Memory::default(), ..*self }
    }

    /// The formula of the parameters in no group.
    pub fn formula(&self) -> &F {
        &self.groups[0].formula
    }

    /// The formula of a group.
    pub(crate) fn formula_of(&self, group: usize) -> &F {
        &self.groups[group].formula
    }

    /// For each parameter, its group. Refuses what a step would: hyper-parameters out of range, another model than before.
    pub(crate) fn groups_of(&self, params: &Params) -> Result<Vec<usize>, StepError> {
        self.check(params.dtype())?;
        self.memory.check(Subject::Model(params.id(), params.dtype()))?;
        self.memory.check_growth(params)?;
        crate::group::assign(&self.groups, params)
    }

    /// Refuses hyper-parameters that are out of range, as they are or rounded to the type that they are used in.
    fn check(&self, dtype: DType) -> Result<(), HyperparameterError> {
        self.groups.iter().try_for_each(|group| group.check(dtype))
    }

    /// Makes the memory ready for a model; refuses another one than before.
    fn prepare<T: Float>(&mut self, params: &Params) -> Result<(), StepError> {
        if self.checked != Some(T::DTYPE) {
            self.check(T::DTYPE)?;
            self.checked = Some(T::DTYPE);
        }
        self.memory.check(Subject::Model(params.id(), T::DTYPE))?;
        self.memory.check_growth(params)?;
        self.memory.grow_to::<T>(params);
        if self.memory.groups.len() < params.len() {
            self.memory.groups = crate::group::assign(&self.groups, params)?;
        }
        Ok(())
    }

    /// Makes bounds of the parameters, unless they are known.
    fn bound_point<T: Float>(&mut self, params: &Params) {
        match self.memory.point {
            Some((version, _)) if version == params.version() => {}
            _ => {
                let size = bound_of(params.slab_of::<T>(), &Workers::default());
                let bounds = Bounds::new(-size, size, T::DTYPE.max());
                self.memory.point = Some((params.version(), bounds));
            }
        }
    }

    /// Lists the parts of the slab that the step changes.
    fn list_parts(&mut self, params: &Params, grads: &Gradients, streams: Option<&Streams<'_>>) {
        let Memory { parts, steps, groups, trained, .. } = &mut self.memory;
        parts.clear();
        trained.clear();
        let mut add = |part: Part| match parts.last_mut() {
            Some(last) if last.goes_on(&part) => last.range.end = part.range.end,
            _ => parts.push(part),
        };
        for (p, range) in grads.trained(params) {
            trained.push(p.index());
            let streamed = streams.is_some_and(|streams| streams.contain(&range));
            let (t, group) = (steps[p.index()] + 1, groups[p.index()]);
            match grads.rows(p).filter(|_| self.lazy_rows && !streamed) {
                None => add(Part { range, t, group, streamed }),
                Some(rows) => {
                    let width = range.len() / params.shape(p).first().copied().unwrap_or(1).max(1);
                    for &row in rows {
                        let start = range.start + row * width;
                        add(Part { range: start..start + width, t, group, streamed });
                    }
                }
            }
        }
        self.compute_first();
    }

    /// Whether the parts of the last step are those of this one: the same tensors are trained.
    #[inline]
    fn knows(&self, params: &Params, grads: &Gradients, supply: &Supply<'_>) -> bool {
        self.memory.known == Some((params.layout(), grads.layout()))
            && self.checked == Some(params.dtype())
            && supply.streams.is_none()
    }

    /// Counts the parts of the last step on.
    #[inline]
    fn go_on(&mut self) {
        self.memory.parts.iter_mut().for_each(|part| part.t += 1);
        self.compute_first();
    }

    /// Computes the coefficients of the first part, which are often those of all.
    #[inline]
    fn compute_first(&mut self) {
        let first = self.memory.parts.first();
        self.latest =
            first.map(|&Part { t, group, .. }| (t, group, self.groups[group].formula.coefficients(t)));
    }

    /// The coefficients of a part.
    fn coefficients<T: Float>(&self, t: u64, group: usize) -> [T; C] {
        match self.latest {
            Some((step, of, c)) if (step, of) == (t, group) => c,
            _ => self.groups[group].formula.coefficients(t),
        }
        .map(T::from_f64)
    }

    /// Updates all parts.
    fn run<T: Float + Number>(
        &mut self,
        point: &mut [T],
        gradient: &[T],
        prepare: impl Prepared<T>,
        workers: &Workers,
        streams: &mut Option<(Streams<'_>, f64)>,
    ) {
        let parts = std::mem::take(&mut self.memory.parts);
        let mut last = None;
        for part in &parts {
            let c = match last {
                Some((t, group, c)) if (t, group) == (part.t, part.group) => c,
                _ => self.coefficients::<T>(part.t, part.group),
            };
            last = Some((part.t, part.group, c));
            let (point, memory) = (&mut point[part.range.clone()], self.memory.part::<T>(&part.range));
            match streams {
                Some((streams, _)) if part.streamed => streams.update(
                    &part.range,
                    point,
                    memory,
                    #[inline(always)]
                    |point, gradient, memory| update::<T, F, S, C>(c, prepare, point, gradient, memory),
                ),
                _ => {
                    let gradient = &gradient[part.range.clone()];
                    share::<T, F, S, C>(c, prepare, workers, point, gradient, memory);
                }
            }
        }
        self.memory.parts = parts;
    }

    fn step_typed<T: Float + Number>(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        supply: Supply<'_>,
        is_known: bool,
    ) -> Result<(), StepError> {
        let Supply { workers, mut streams, prepare, .. } = supply;
        let alone = Workers::default();
        let workers = workers.unwrap_or(&alone);
        if is_known {
            self.go_on();
        } else {
            self.prepare::<T>(params)?;
            self.list_parts(params, grads, streams.as_ref().map(|(streams, _)| streams));
        }
        let gradient = grads.slab_of::<T>();
        if Self::are_few(params) && streams.is_none() {
            // Small steps wait for each other, number by number, and so they count what is done with each.
            let is_done = match prepare.is_nothing() {
                true => self.update_few::<T>(params, grads, |g| g),
                false => self.update_few::<T>(params, grads, prepare.of::<T>()),
            };
            if is_done? {
                return Ok(());
            }
        }
        self.bound_point::<T>(params);
        let stored = self.memory.parts.iter().filter(|part| !part.streamed);
        let stored = stored.map(|part| bound_of(&gradient[part.range.clone()], workers));
        let stored = stored.fold(0.0, f64::max);
        if !stored.is_finite() {
            let streams = streams.as_ref().map(|(streams, _)| streams);
            grads.check_finite_in::<T>(params, |range| !streams.is_some_and(|s| s.contain(range)))?;
        }
        grads.check_loss()?;
        let streamed = streams.as_ref().map_or(0.0, |&(_, largest)| largest);
        let size = |part: &Part| prepare.bound(if part.streamed { streamed } else { stored });
        let name = |i: usize| name_of(params, i);
        let (point, state) = self.results::<T>(params.slab_of::<T>(), gradient, size, prepare, name)?;
        self.update_all::<T>(params, grads, prepare, workers, &mut streams);
        (self.memory.point, self.memory.bounds) = (Some((params.version(), point)), state);
        Ok(())
    }

    /// Updates all parts, and counts the step.
    fn update_all<T: Float + Number>(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        prepare: Prepare,
        workers: &Workers,
        streams: &mut Option<(Streams<'_>, f64)>,
    ) {
        let (slab, gradient) = (params.slab_mut::<T>(), grads.slab_of::<T>());
        if prepare.is_nothing() {
            self.run::<T>(slab, gradient, |g| g, workers, streams);
        } else {
            self.run::<T>(slab, gradient, prepare.of::<T>(), workers, streams);
        }
        let Memory { trained, steps, .. } = &mut self.memory;
        trained.iter().for_each(|&p| steps[p] += 1);
    }
}

/// The parameter and the element at a place of the slab.
#[cold]
fn name_of(params: &Params, i: usize) -> (String, usize) {
    let found = params.iter().find(|&p| params.range(p).contains(&i)).expect("it is a parameter's");
    (params.name(found).to_owned(), i - params.range(found).start)
}
