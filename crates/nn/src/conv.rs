//! Convolutions with parameters of their own.

use crate::Init;
use autograd::{ConvForm, Initial, Param, PerAxis, Scope, Var};

/// A convolution over N axes, y = w ∗ x + b: [`Conv1d`], [`Conv2d`], [`Conv3d`].
///
/// x is \[images, channels, …\], y \[images, outputs, …\]; w is \[outputs, inputs, …\] and b \[outputs\]. The form has stride, padding, dilation
/// and groups. Source: LeCun et al., *Gradient-based learning applied to document recognition*, 1998, section II.
///
/// ```
/// use autograd::{ConvForm, DType, Params, Tape};
/// use nn::Conv2d;
/// let mut params = Params::f64().with_seed(1);
/// let layer = Conv2d::new(&mut params.scope("conv"), 3, 8, 3, ConvForm::default().stride(2).padding(1));
/// assert_eq!(params.elements(), 8 * 3 * 9 + 8);
/// let tape = Tape::with(&params);
/// assert_eq!(layer.forward(tape.full(1.0, [2, 3, 10, 6], DType::F64)).shape()[..], [2, 8, 5, 3]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Conv<const N: usize> {
    /// w, named `weight` in its scope.
    pub weight: Param,
    /// b, named `bias` in its scope.
    pub bias: Param,
    /// How the kernel moves.
    pub form: ConvForm<N>,
}

/// A transposed convolution over N axes: [`ConvTranspose1d`], [`ConvTranspose2d`], [`ConvTranspose3d`].
///
/// x is \[images, channels, …\], y \[images, outputs, …\]; w is \[channels, outputs/groups, …\] and b \[outputs\]. Source: Dumoulin & Visin,
/// *A guide to convolution arithmetic for deep learning*, 2016, chapter 4.
///
/// ```
/// use autograd::{ConvForm, DType, Params, Tape};
/// use nn::ConvTranspose1d;
/// let mut params = Params::f64().with_seed(1);
/// let layer = ConvTranspose1d::new(&mut params.scope("up"), 4, 2, 2, ConvForm::default().stride(2));
/// let tape = Tape::with(&params);
/// assert_eq!(layer.forward(tape.full(1.0, [1, 4, 5], DType::F64)).shape()[..], [1, 2, 10]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConvTranspose<const N: usize> {
    /// w, named `weight` in its scope.
    pub weight: Param,
    /// b, named `bias` in its scope.
    pub bias: Param,
    /// How the kernel moves.
    pub form: ConvForm<N>,
}

macro_rules! over_axes {
    ($($n:literal $plain:ident $transposed:ident $conv:ident $conv_transpose:ident;)*) => {$(
        #[doc = concat!("A convolution over ", $n, " of the axes.")]
        pub type $plain = Conv<$n>;
        #[doc = concat!("A transposed convolution over ", $n, " of the axes.")]
        pub type $transposed = ConvTranspose<$n>;

        impl Conv<$n> {
            /// y for x of \[images, channels, …\].
            ///
            /// # Panics
            /// If x does not fit the weight or the form, or is on a tape that does not read the parameters.
            #[track_caller]
            pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
                let _layer = x.tape().within([self.weight, self.bias]);
                per_channel(x.$conv(x.tape().param(self.weight), self.form), self.bias)
            }
        }

        impl ConvTranspose<$n> {
            /// y for x of \[images, channels, …\].
            ///
            /// # Panics
            /// If x does not fit the weight or the form, or is on a tape that does not read the parameters.
            #[track_caller]
            pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
                let _layer = x.tape().within([self.weight, self.bias]);
                per_channel(x.$conv_transpose(x.tape().param(self.weight), self.form), self.bias)
            }
        }
    )*};
}
over_axes! {
    1 Conv1d ConvTranspose1d conv1d conv_transpose1d;
    2 Conv2d ConvTranspose2d conv2d conv_transpose2d;
    3 Conv3d ConvTranspose3d conv3d conv_transpose3d;
}

impl<const N: usize> Conv<N> {
    /// A convolution with Xavier-normal weights and zero bias. `inputs` are the channels that an output sees: those of x, divided by
    /// the groups of the form.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(
        scope: &mut Scope<'_>,
        inputs: usize,
        outputs: usize,
        kernel: impl Into<PerAxis<N>>,
        form: ConvForm<N>,
    ) -> Conv<N> {
        Conv::with_init(scope, [inputs, outputs], kernel, form, Init::XavierNormal)
    }

    /// As [`new`](Conv::new), with other initial weights.
    ///
    /// # Panics
    /// If the scope has parameters of these names, or the number of given values is wrong.
    #[track_caller]
    pub fn with_init(
        scope: &mut Scope<'_>,
        [inputs, outputs]: [usize; 2],
        kernel: impl Into<PerAxis<N>>,
        form: ConvForm<N>,
        weight: impl Initial,
    ) -> Conv<N> {
        let shape = [&[outputs, inputs], &kernel.into().0[..]].concat();
        let weight = scope.param("weight", &shape[..], weight);
        Conv { weight, bias: scope.param("bias", [outputs], Init::Zeros), form }
    }
}

impl<const N: usize> ConvTranspose<N> {
    /// A transposed convolution without groups, with Xavier-normal weights and zero bias.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(
        scope: &mut Scope<'_>,
        inputs: usize,
        outputs: usize,
        kernel: impl Into<PerAxis<N>>,
        form: ConvForm<N>,
    ) -> ConvTranspose<N> {
        let shape = [&[inputs, outputs], &kernel.into().0[..]].concat();
        let weight = scope.param("weight", &shape[..], Init::XavierNormal);
        ConvTranspose { weight, bias: scope.param("bias", [outputs], Init::Zeros), form }
    }
}

/// y + b for each channel, the second axis.
#[track_caller]
fn per_channel(y: Var<'_>, bias: Param) -> Var<'_> {
    let mut shape = vec![1; y.rank()];
    shape[1] = y.shape()[1];
    y + y.tape().param(bias).reshape(&shape[..])
}
