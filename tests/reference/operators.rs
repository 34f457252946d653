//! Operators of ONNX, on a tape: those of the cases, and those of what is exported for them.

use std::collections::BTreeMap;

use autograd::{ConvForm, DType, PoolForm, Shape, Var};

use crate::reader::{Graph, Node, Tensor};
use crate::runner::Fault;

/// A value of a graph. Whole numbers that a file holds are known: axes and lengths are such.
#[derive(Clone)]
pub(crate) struct Held<'t> {
    pub(crate) var: Var<'t>,
    pub(crate) known: Option<Vec<i64>>,
}

impl<'t> From<Var<'t>> for Held<'t> {
    fn from(var: Var<'t>) -> Self {
        Held { var, known: None }
    }
}

/// Names and values of the results of a graph.
type Named<'t> = (Vec<String>, Vec<Var<'t>>);

/// Runs a graph.
pub(crate) fn run<'t>(
    graph: &Graph,
    mut held: BTreeMap<String, Held<'t>>,
    initial: &dyn Fn(&Tensor) -> Held<'t>,
) -> Result<Named<'t>, Fault> {
    held.extend(graph.initializers.iter().map(|tensor| (tensor.name.clone(), initial(tensor))));
    for node in &graph.nodes {
        let operands = node.inputs.iter().map(|name| held.get(name).cloned()).collect();
        let results = Call { node, operands }.results()?;
        held.extend(node.outputs.iter().cloned().zip(results.into_iter().map(Held::from)));
    }
    let names: Vec<String> = graph.outputs.iter().map(|y| y.name.clone()).collect();
    let vars = names.iter().map(|name| held[name].var).collect();
    Ok((names, vars))
}

/// A node with its operands; one may be left out.
struct Call<'t, 'n> {
    node: &'n Node,
    operands: Vec<Option<Held<'t>>>,
}

impl<'t> Call<'t, '_> {
    /// An operator, or a variant of one, that no case has had.
    fn unknown<T>(&self, what: &str) -> Result<T, Fault> {
        Err(Fault::Unsupported(format!("{} {what}", self.node.op)))
    }

    fn x(&self, i: usize) -> Var<'t> {
        self.has(i).unwrap_or_else(|| panic!("{}: operand {i} is missing", self.node.op))
    }

    fn has(&self, i: usize) -> Option<Var<'t>> {
        self.operands.get(i)?.as_ref().map(|held| held.var)
    }

    /// Whole numbers: of an operand, or of an attribute of this name.
    fn ints(&self, i: usize, name: &str) -> Option<Vec<i64>> {
        let operand = self.operands.get(i).and_then(Option::as_ref);
        operand.and_then(|held| held.known.clone()).or_else(|| self.node.ints(name).map(<[i64]>::to_vec))
    }

    fn axis(&self, or: i64) -> isize {
        self.node.int("axis", or) as isize
    }

    fn results(&self) -> Result<Vec<Var<'t>>, Fault> {
        let known: &[&str] = match self.node.op.as_str() {
            "Gemm" => &["alpha", "beta", "transA", "transB"],
            "Conv" => &["kernel_shape", "strides", "pads", "dilations", "group"],
            "MaxPool" => &["kernel_shape", "strides", "pads", "dilations", "ceil_mode"],
            "AveragePool" => &["kernel_shape", "strides", "pads", "count_include_pad"],
            "LayerNormalization" => &["axis", "epsilon"],
            "BatchNormalization" => &["epsilon", "momentum"],
            "Elu" | "LeakyRelu" => &["alpha"],
            "Softmax" | "LogSoftmax" | "Concat" | "Gather" | "GatherElements" | "Flatten" => &["axis"],
            "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" => &["axes", "keepdims"],
            "Unsqueeze" | "Squeeze" => &["axes"],
            "Transpose" => &["perm"],
            "Cast" => &["to"],
            "Reshape" => &["allowzero"],
            "Pad" => &["mode"],
            "CumSum" => &["reverse", "exclusive"],
            _ => &[],
        };
        if let Some(name) = self.node.attributes.keys().find(|name| !known.contains(&name.as_str())) {
            return self.unknown(name);
        }
        if self.node.op == "MaxPool" {
            return self.max_pool();
        }
        self.result().map(|y| vec![y])
    }

    fn result(&self) -> Result<Var<'t>, Fault> {
        let (x, node) = (self.x(0), self.node);
        Ok(match node.op.as_str() {
            "Identity" => x,
            "Neg" => -x,
            "Abs" => x.abs(),
            "Exp" => x.exp(),
            "Log" => x.ln(),
            "Sqrt" => x.sqrt(),
            "Reciprocal" => x.recip(),
            "Floor" => x.floor(),
            "Ceil" => x.ceil(),
            "Sign" => x.sign(),
            "Sin" => x.sin(),
            "Cos" => x.cos(),
            "Tan" => x.tan(),
            "Asin" => x.asin(),
            "Acos" => x.acos(),
            "Atan" => x.atan(),
            "Sinh" => x.sinh(),
            "Cosh" => x.cosh(),
            "Tanh" => x.tanh(),
            "Erf" => x.erf(),
            "Sigmoid" => x.sigmoid(),
            "Softplus" => x.softplus(),
            "Relu" => x.relu(),
            "Elu" => x.elu(node.float("alpha", 1.0).into()),
            "LeakyRelu" => x.leaky_relu(node.float("alpha", 0.01).into()),
            "Add" => x + self.x(1),
            "Sub" => x - self.x(1),
            "Mul" => x * self.x(1),
            "Div" => x / self.x(1),
            "Pow" => x.pow(self.x(1)),
            "Max" if self.operands.len() == 2 => x.maximum(self.x(1)),
            "Min" if self.operands.len() == 2 => x.minimum(self.x(1)),
            // Of places in a plane that is all there is to count.
            "Mod" if x.dtype() == DType::I64 => x,
            "Sum" => (1..self.operands.len()).fold(x, |sum, i| sum + self.x(i)),
            "Clip" => {
                let raised = self.has(1).map_or(x, |lowest| x.maximum(lowest));
                self.has(2).map_or(raised, |highest| raised.minimum(highest))
            }
            "PRelu" => x.gt(0.0).select(x, x * self.x(1)),
            "Greater" => x.gt(self.x(1)),
            "GreaterOrEqual" => x.ge(self.x(1)),
            "Less" => x.lt(self.x(1)),
            "LessOrEqual" => x.le(self.x(1)),
            "Equal" => x.eq(self.x(1)),
            "Not" => x.cast(DType::F32).eq(0.0),
            "Where" => x.select(self.x(1), self.x(2)),
            "MatMul" => x.matmul(self.x(1)),
            "Gemm" => self.gemm(),
            "Softmax" => x.softmax(self.axis(-1)),
            "LogSoftmax" => x.log_softmax(self.axis(-1)),
            "Conv" => self.conv()?,
            "AveragePool" => self.average_pool()?,
            "GlobalAveragePool" | "GlobalMaxPool" => {
                let planes: Vec<isize> = (2..x.rank() as isize).collect();
                let y = if node.op == "GlobalMaxPool" {
                    x.max_over(&planes[..])
                } else {
                    x.mean_over(&planes[..])
                };
                y.reshape([&x.shape()[..2], &vec![1; planes.len()]].concat())
            }
            "BatchNormalization" => self.batch_norm(),
            "LayerNormalization" => self.layer_norm()?,
            "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" => self.reduce(),
            "Gather" => x.take(self.axis(0), self.x(1)),
            "GatherElements" => x.gather(self.axis(0), self.x(1)),
            _ => return self.layout(),
        })
    }

    /// Operators that only look at their operand differently.
    fn layout(&self) -> Result<Var<'t>, Fault> {
        let (x, node) = (self.x(0), self.node);
        let (shape, rank) = (x.shape(), x.rank());
        Ok(match node.op.as_str() {
            "Cast" => match node.int("to", 0) {
                1 => x.cast(DType::F32),
                7 => x.cast(DType::I64),
                9 => x.cast(DType::Bool),
                11 => x.cast(DType::F64),
                _ => return self.unknown("to"),
            },
            "Transpose" => {
                let reversed = || (0..rank as i64).rev().collect();
                x.permute(&signed(&self.ints(1, "perm").unwrap_or_else(reversed)))
            }
            "Concat" => {
                Var::concat(&(0..self.operands.len()).map(|i| self.x(i)).collect::<Vec<_>>(), self.axis(0))
            }
            "Flatten" => {
                let (rows, columns) = shape.split_at(self.axis(1).rem_euclid(rank as isize + 1) as usize);
                x.reshape([rows.iter().product::<usize>(), columns.iter().product()])
            }
            "Reshape" => match self.ints(1, "shape") {
                Some(lengths) => x.reshape(self.reshaped(&lengths)),
                None => return self.unknown("to a shape that is computed"),
            },
            "Expand" => match self.ints(1, "shape") {
                Some(lengths) => x.broadcast_to(lengths.iter().map(|&d| d as usize).collect::<Shape>()),
                None => return self.unknown("to a shape that is computed"),
            },
            "Unsqueeze" | "Squeeze" => match self.ints(1, "axes") {
                Some(axes) => self.with_ones(&axes),
                None => return self.unknown("of axes that are computed"),
            },
            "Slice" => self.slice()?,
            "Pad" => self.pad()?,
            "CumSum" => match (self.ints(1, ""), node.int("reverse", 0) + node.int("exclusive", 0)) {
                (Some(axis), 0) => x.cumsum(axis[0] as isize),
                _ => return self.unknown("of such a kind"),
            },
            _ => return self.unknown("of ONNX"),
        })
    }

    /// A length of 0 stands for that of the operand, unless zeros are lengths; −1 for what is left.
    fn reshaped(&self, lengths: &[i64]) -> Shape {
        let (shape, zeros) = (self.x(0).shape(), self.node.int("allowzero", 0) == 1);
        let length = |(i, &d): (usize, &i64)| if d == 0 && !zeros { shape[i] as i64 } else { d };
        let lengths: Vec<i64> = lengths.iter().enumerate().map(length).collect();
        let others: i64 = lengths.iter().filter(|d| **d >= 0).product();
        let left = shape.elements() as i64 / others.max(1);
        lengths.iter().map(|&d| if d < 0 { left as usize } else { d as usize }).collect()
    }

    /// With axes of length 1, or without them.
    fn with_ones(&self, axes: &[i64]) -> Var<'t> {
        let (x, adds) = (self.x(0), self.node.op == "Unsqueeze");
        let mut shape = x.shape().to_vec();
        let rank = (shape.len() + if adds { axes.len() } else { 0 }) as i64;
        let mut axes: Vec<usize> = axes.iter().map(|axis| axis.rem_euclid(rank) as usize).collect();
        axes.sort_unstable();
        match adds {
            true => axes.iter().for_each(|&axis| shape.insert(axis, 1)),
            false => axes.iter().rev().for_each(|&axis| {
                shape.remove(axis);
            }),
        }
        x.reshape(&shape[..])
    }

    /// From starts to ends, in steps of 1 or more along axes.
    fn slice(&self) -> Result<Var<'t>, Fault> {
        let (Some(starts), Some(ends)) = (self.ints(1, "starts"), self.ints(2, "ends")) else {
            return self.unknown("of places that are computed");
        };
        let axes = self.ints(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.ints(4, "steps").unwrap_or_else(|| vec![1; starts.len()]);
        let mut x = self.x(0);
        for (i, &axis) in axes.iter().enumerate() {
            let length = x.shape()[axis.rem_euclid(x.rank() as i64) as usize] as i64;
            let within =
                |place: i64| if place < 0 { place.saturating_add(length) } else { place }.clamp(0, length);
            let (start, end) = (within(starts[i]) as isize, within(ends[i]) as isize);
            x = match steps[i] {
                step if step > 0 => x.slice_by(axis as isize, start..end.max(start), step as isize),
                -1 if starts[i] == -1 && ends[i] == i64::MIN => x.flip(axis as isize),
                _ => return self.unknown("backwards"),
            };
        }
        Ok(x)
    }

    /// Zeros before and after each axis.
    fn pad(&self) -> Result<Var<'t>, Fault> {
        let mut x = self.x(0);
        let (Some(ends), None, None) = (self.ints(1, "pads"), self.has(2), self.node.attributes.get("mode"))
        else {
            return self.unknown("by other than zeros");
        };
        for axis in 0..x.rank() {
            let [before, after] = [ends[axis], ends[x.rank() + axis]].map(usize::try_from);
            let (Ok(before), Ok(after)) = (before, after) else { return self.unknown("that takes away") };
            x = x.pad(axis as isize, before, after);
        }
        Ok(x)
    }

    fn reduce(&self) -> Var<'t> {
        let (x, keeps) = (self.x(0), self.node.int("keepdims", 1) == 1);
        let all = || (0..x.rank() as i64).collect();
        let axes = signed(&self.ints(1, "axes").filter(|axes| !axes.is_empty()).unwrap_or_else(all));
        let y = match self.node.op.as_str() {
            "ReduceSum" => x.sum_over(&axes[..]),
            "ReduceMean" => x.mean_over(&axes[..]),
            "ReduceMax" => x.max_over(&axes[..]),
            _ => x.min_over(&axes[..]),
        };
        let mut shape = x.shape().to_vec();
        axes.iter().for_each(|axis| shape[axis.rem_euclid(x.rank() as isize) as usize] = 1);
        if keeps { y.reshape(&shape[..]) } else { y }
    }

    /// αA·B + βC, of matrices or their transposes.
    fn gemm(&self) -> Var<'t> {
        let matrix =
            |i: usize, name: &str| if self.node.int(name, 0) == 1 { self.x(i).t() } else { self.x(i) };
        let product = matrix(0, "transA").matmul(matrix(1, "transB"));
        let scaled = |x: Var<'t>, name: &str| match self.node.float(name, 1.0) {
            1.0 => x,
            factor => x * f64::from(factor),
        };
        let product = scaled(product, "alpha");
        self.has(2).map_or(product, |c| product + scaled(c, "beta"))
    }

    /// Numbers of each axis, the same for each if there are none.
    fn each<const N: usize>(&self, name: &str, or: usize) -> [usize; N] {
        let given = self.node.ints(name);
        std::array::from_fn(|i| given.map_or(or, |all| all[i] as usize))
    }

    /// Padding that is the same at both ends.
    fn padding<const N: usize>(&self) -> Result<[usize; N], Fault> {
        match self.node.ints("pads") {
            Some(all) if all[..N] != all[N..] => self.unknown("with ends that differ"),
            _ => Ok(self.each("pads", 0)),
        }
    }

    fn conv(&self) -> Result<Var<'t>, Fault> {
        fn form<const N: usize>(call: &Call<'_, '_>) -> Result<ConvForm<N>, Fault> {
            let groups = call.node.int("group", 1) as usize;
            let form =
                ConvForm::default().stride(call.each("strides", 1)).dilation(call.each("dilations", 1));
            // Ends that differ are padded before.
            Ok(form.padding(call.padding().unwrap_or([0; N])).groups(groups))
        }
        let (mut x, w) = (self.x(0), self.x(1));
        let ends = self.node.ints("pads").map(|all| all.split_at(all.len() / 2));
        for (axis, (&before, &after)) in
            ends.iter().filter(|(a, b)| a != b).flat_map(|(a, b)| a.iter().zip(*b)).enumerate()
        {
            x = x.pad(axis as isize + 2, before as usize, after as usize);
        }
        let y = match x.rank() {
            3 => x.conv1d(w, form(self)?),
            4 => x.conv2d(w, form(self)?),
            5 => x.conv3d(w, form(self)?),
            _ => return self.unknown("of so many axes"),
        };
        Ok(self.has(2).map_or(y, |bias| y + per_channel(bias, y)))
    }

    /// The largest of each window, and its place in its plane.
    fn max_pool(&self) -> Result<Vec<Var<'t>>, Fault> {
        fn form<const N: usize>(call: &Call<'_, '_>) -> Result<PoolForm<N>, Fault> {
            let form = PoolForm::of(call.each("kernel_shape", 1)).stride(call.each("strides", 1));
            let form = form.dilation(call.each("dilations", 1)).padding(call.padding()?);
            Ok(if call.node.int("ceil_mode", 0) == 1 { form.ceil() } else { form })
        }
        let x = self.x(0);
        let (y, places) = match x.rank() {
            3 => x.max_pool1d_with_index(form(self)?),
            4 => x.max_pool2d_with_index(form(self)?),
            5 => x.max_pool3d_with_index(form(self)?),
            _ => return self.unknown("of so many axes"),
        };
        Ok(vec![y, places])
    }

    fn average_pool(&self) -> Result<Var<'t>, Fault> {
        fn form<const N: usize>(call: &Call<'_, '_>) -> Result<PoolForm<N>, Fault> {
            let form = PoolForm::of(call.each("kernel_shape", 1)).stride(call.each("strides", 1));
            let form = form.padding(call.padding()?);
            Ok(if call.node.int("count_include_pad", 0) == 1 { form } else { form.elements_only() })
        }
        let x = self.x(0);
        Ok(match x.rank() {
            3 => x.avg_pool1d(form(self)?),
            4 => x.avg_pool2d(form(self)?),
            5 => x.avg_pool3d(form(self)?),
            _ => return self.unknown("of so many axes"),
        })
    }

    fn batch_norm(&self) -> Var<'t> {
        let x = self.x(0);
        let [scale, shift, mean, variance] = [1, 2, 3, 4].map(|i| per_channel(self.x(i), x));
        (x - mean) / (variance + f64::from(self.node.float("epsilon", 1e-5))).sqrt() * scale + shift
    }

    fn layer_norm(&self) -> Result<Var<'t>, Fault> {
        if self.node.outputs.len() > 1 {
            return self.unknown("with its statistics");
        }
        let x = self.x(0);
        let rank = x.rank() as isize;
        let axes: Vec<isize> = (self.axis(-1).rem_euclid(rank)..rank).collect();
        let mut ones = x.shape().to_vec();
        axes.iter().for_each(|&axis| ones[axis as usize] = 1);
        let centred = x - x.mean_over(&axes[..]).reshape(&ones[..]);
        let variance = centred.square().mean_over(&axes[..]).reshape(&ones[..]);
        let y = centred / (variance + f64::from(self.node.float("epsilon", 1e-5))).sqrt() * self.x(1);
        Ok(self.has(2).map_or(y, |shift| y + shift))
    }
}

/// One number for each channel, the second axis of x.
fn per_channel<'t>(numbers: Var<'t>, x: Var<'t>) -> Var<'t> {
    let mut shape = vec![1; x.rank()];
    shape[1] = x.shape()[1];
    numbers.reshape(&shape[..])
}

fn signed(all: &[i64]) -> Vec<isize> {
    all.iter().map(|&x| x as isize).collect()
}
