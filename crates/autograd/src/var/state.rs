//! State that is not trained: what a computation reads of it, and what it writes back.

use super::Var;
use crate::ir::Meta;
use crate::mistake::Mistake;
use crate::params::Buffer;
use crate::tape::Tape;

impl<'p> Tape<'p> {
    /// The values of a [`Buffer`], without a gradient; or what this computation has [written](Tape::write) to it.
    ///
    /// # Panics
    /// If the tape reads no parameters, or those of another model.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let mean = params.scope("norm").buffer("mean", [2], [1.0, 3.0]);
    /// let tape = Tape::with(&params);
    /// assert_eq!((tape.buffer(mean) * 2.0).to_vec::<f64>(), [2.0, 6.0]);
    /// ```
    #[track_caller]
    pub fn buffer<'t>(&'t self, buffer: Buffer) -> Var<'t>
    where
        'p: 't,
    {
        let Some(params) = self.params() else {
            Mistake::new("buffer: this tape reads no parameters")
                .rule("a layer's handles stand for numbers in a `Params`")
                .hint("make the tape with `Tape::with(&params)`")
                .raise()
        };
        let known = self.list().state(buffer);
        let id = known.unwrap_or_else(|| {
            let meta = Meta::new(params.buffer_shape(buffer).clone(), params.buffer_dtype(buffer));
            let name = params.buffer_name(buffer);
            self.list_mut().read_state(buffer, name, meta, params.buffer_data(buffer))
        });
        Var::new(self, id)
    }

    /// Writes new values to a [`Buffer`]. They are stored when the step is made: with the update of an optimiser, or by
    /// [`Params::write_back`](crate::Params::write_back). No derivative goes through them. [`Buffer`] has an example.
    ///
    /// # Panics
    /// If shape or dtype are not those of the buffer, or as [`buffer`](Tape::buffer).
    #[track_caller]
    pub fn write<'t>(&'t self, buffer: Buffer, values: Var<'t>)
    where
        'p: 't,
    {
        let old = self.buffer(buffer);
        old.check_same_tape("write", values);
        if !old.has_shape_of(values) || old.dtype() != values.dtype() {
            let (shape, dtype) = (values.shape(), values.dtype());
            let name = self.params().map_or("", |params| params.buffer_name(buffer));
            values
                .mistake("write", format!("{shape} {dtype} for the buffer `{name}`"), "x")
                .line("buffer", format!("{} {}", old.shape(), old.dtype()))
                .rule("new values have the shape and the dtype of the buffer")
                .raise()
        }
        let values = values.detach();
        self.list_mut().write_state(buffer, values.id());
    }
}
