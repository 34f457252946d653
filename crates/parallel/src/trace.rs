//! Tracing a step that is cut into shards.

use crate::inputs::Role;
use crate::{Error, ShardedStep, Shards};
use autograd::{DType, Mistake, Outputs, Params, Program, Shape, Tape};

impl<'w> Shards<'w> {
    /// Traces what one shard computes, and plans it: as [`Program::trace`], with the shapes of one shard. The outputs are
    /// single numbers, first the loss; a step gives their means.
    ///
    /// # Errors
    /// If there are more ranks than shards, and as [`Program::trace`].
    ///
    /// # Panics
    /// As [`Program::trace`]; without [gradients](Outputs::with_gradients); if an output is no single number of a floating-point
    /// type; if [`key`](Shards::key) or [`shared`](Shards::shared) name no input, or one that is no key.
    #[track_caller]
    pub fn trace(
        &self,
        params: &Params,
        f: impl for<'t> FnOnce(&'t Tape<'t>) -> Outputs,
    ) -> Result<ShardedStep<'w>, Error> {
        let (ranks, shards) = (self.world.size(), self.count);
        if ranks > shards {
            return Err(Error::TooManyRanks { ranks, shards });
        }
        let program = Program::trace(params, f)?;
        self.check(&program);
        let role = |(name, shape, _): (&str, &Shape, DType)| match () {
            () if self.keys.iter().any(|key| key == name) => Role::Key,
            () if shape.is_empty() || self.shared.iter().any(|shared| shared == name) => Role::Shared,
            () => Role::Rows,
        };
        let roles = program.inputs().map(role).collect();
        let state = program.state().with_threads(self.threads);
        Ok(ShardedStep::new(self.clone(), program, roles, state, params))
    }

    /// Refuses a program that is no step.
    #[track_caller]
    fn check(&self, program: &Program) {
        for (i, (_, shape, dtype)) in program.outputs().enumerate() {
            if shape.elements() != 1 || !dtype.is_float() {
                Mistake::new(format!("trace: output {i} of a sharded step is {shape} {dtype}"))
                    .rule("each output is one F32 or F64 number, of which the step gives the mean over the shards")
                    .hint("reduce it by `.mean()`; what a whole batch gives is computed by a program of its own")
                    .raise();
            }
        }
        if !program.gives_gradients() {
            Mistake::new("trace: the program gives no gradients")
                .rule("a step needs them")
                .hint("end the trace with `t.outputs(loss).with_gradients()`")
                .raise();
        }
        for name in self.keys.iter().chain(&self.shared) {
            let found = program.inputs().find(|(known, ..)| known == name);
            let is_key = found.is_some_and(|(_, shape, dtype)| shape[..] == [2] && dtype == DType::I64);
            if found.is_none() || (self.keys.contains(name) && !is_key) {
                let all: Vec<String> = program.inputs().map(|(name, ..)| format!("`{name}`")).collect();
                Mistake::new(format!("trace: no input `{name}` of this kind"))
                    .line("inputs", all.join(", "))
                    .rule("`key` and `shared` name inputs; a key is made by `t.input_key(…)`")
                    .raise();
            }
        }
    }
}
