//! Drawing a random program: one op after another, each with operands that fit.

mod shapes;

use self::shapes::{broadcast, elements, product_shape};
use super::build::{SMOOTH, STEPPED};
use super::fit::{Signature, signatures};
use super::recipe::{LeafSource, Recipe, RecipeNode, RecipeOp, ValueKind};
use crate::DType;
use crate::ir::OpKind;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// Elements of a node, in a usual program and in a large one.
const MOST: [usize; 2] = [4_000, 24_000];

struct Draw {
    rng: ChaCha8Rng,
    /// What the rows of the table take and give, by number.
    rows: Vec<Signature>,
    recipe: Recipe,
    base: Vec<usize>,
    most: usize,
}

impl Recipe {
    pub(super) fn draw(seed: u64) -> Recipe {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |n: u64| rng.next_u64() % n;
        let large = below(40) == 0;
        let steps = 3 + below(38) as usize;
        let recipe = Recipe {
            seed,
            dtype: if below(2) == 0 { DType::F32 } else { DType::F64 },
            smooth: below(2) == 0,
            order: match below(8) {
                0 => 0,
                6.. if !large && steps <= 20 => 2,
                _ => 1,
            },
            threads: 1 + usize::from(large) * below(3) as usize,
            nodes: vec![],
            outputs: vec![],
        };
        let rows = signatures();
        let mut draw = Draw { rng, rows, recipe, base: vec![], most: MOST[usize::from(large)] };
        draw.base = draw.shape(large);
        let base = draw.base.clone();
        draw.leaf(base);
        let mut done = 0;
        while done < steps {
            done += usize::from(draw.step());
        }
        draw.finish()
    }
}

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        (self.rng.next_u64() % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn push(&mut self, op: RecipeOp, x: Vec<usize>, shape: Vec<usize>, kind: ValueKind) -> usize {
        self.recipe.nodes.push(RecipeNode { op, x, shape, kind });
        self.recipe.nodes.len() - 1
    }

    fn source(&mut self) -> LeafSource {
        [LeafSource::Input, LeafSource::Input, LeafSource::Param, LeafSource::Constant][self.below(4)]
    }

    fn leaf(&mut self, shape: Vec<usize>) -> usize {
        let (source, stream) = (self.source(), self.recipe.nodes.len() as u64);
        self.push(RecipeOp::Leaf(source, stream), vec![], shape, ValueKind::Float)
    }

    fn nodes(&self, kind: ValueKind) -> Vec<usize> {
        (0..self.recipe.nodes.len()).filter(|&i| self.recipe.nodes[i].kind == kind).collect()
    }

    /// A node of a kind; late nodes are more likely.
    fn node(&mut self, kind: ValueKind) -> Option<usize> {
        let all = self.nodes(kind);
        let recent = if self.chance(60) { all.len().min(4) } else { all.len() };
        (recent > 0).then(|| all[all.len() - 1 - self.below(recent)])
    }

    fn float(&mut self) -> usize {
        self.node(ValueKind::Float).expect("the first node is one")
    }

    fn of(&self, node: usize) -> Vec<usize> {
        self.recipe.nodes[node].shape.clone()
    }

    /// An operand that can be broadcast with `a`, and the common shape.
    fn partner(&mut self, a: usize) -> (usize, Vec<usize>) {
        let shape = self.of(a);
        for _ in 0..4 {
            let b = self.float();
            if let Some(both) = broadcast(&shape, &self.of(b)).filter(|s| elements(s) <= self.most) {
                return (b, both);
            }
        }
        let narrow = self.narrowed(&shape);
        let both = broadcast(&shape, &narrow).expect("it was made to fit");
        (self.leaf(narrow), both)
    }

    fn axis(&mut self, x: usize) -> Option<usize> {
        let rank = self.of(x).len();
        (rank > 0).then(|| self.below(rank))
    }

    /// Some axis as a signed number, counted from the front or the back.
    fn signed(&mut self, axis: usize, rank: usize) -> isize {
        if self.chance(50) { axis as isize } else { axis as isize - rank as isize }
    }

    /// Adds an op; `false` if what was drawn does not fit.
    fn step(&mut self) -> bool {
        let stepped = !self.recipe.smooth;
        let drawn = match self.below(108) {
            // A row may have jumps. Recipes with jumps are compared to the last bit.
            100.. if stepped => self.row(),
            100.. => return false,
            0..22 => self.unary(stepped),
            22..48 => self.binary(),
            48..54 => self.number(),
            54..65 => self.reduce(),
            65..80 => self.layout(),
            80..86 => {
                let x = self.float();
                let (shape, name) = (self.of(x), ["tanh", "softsign", "halve"][self.below(3)]);
                Some(self.push(RecipeOp::Unary(name), vec![x], shape, ValueKind::Float))
            }
            86..91 if self.recipe.smooth => self.product(),
            86..91 => self.compare(),
            91..95 if stepped => self.choose(),
            91..95 => self.along(),
            95..98 => self.along(),
            98 => self.pick(),
            _ => {
                let x = self.float();
                let shape = self.of(x);
                Some(self.push(RecipeOp::Detach, vec![x], shape, ValueKind::Float))
            }
        };
        drawn.is_some()
    }

    fn unary(&mut self, stepped: bool) -> Option<usize> {
        let x = self.float();
        let all = if stepped { SMOOTH.len() + STEPPED.len() } else { SMOOTH.len() };
        let at = self.below(all);
        let name = SMOOTH.get(at).unwrap_or_else(|| &STEPPED[at - SMOOTH.len()]).0;
        let shape = self.of(x);
        Some(self.push(RecipeOp::Unary(name), vec![x], shape, ValueKind::Float))
    }

    fn binary(&mut self) -> Option<usize> {
        const NAMES: [&str; 14] = [
            "add",
            "add",
            "sub",
            "sub",
            "mul",
            "mul",
            "mul",
            "div",
            "maximum",
            "minimum",
            "hypot",
            "atan2",
            "logaddexp",
            "pow",
        ];
        let a = self.float();
        let (b, shape) = self.partner(a);
        let x = if self.chance(50) { vec![a, b] } else { vec![b, a] };
        let name = NAMES[self.below(NAMES.len())];
        Some(self.push(RecipeOp::Binary(name), x, shape, ValueKind::Float))
    }

    fn number(&mut self) -> Option<usize> {
        let x = self.float();
        let value = [0.0, 1.0, -1.0, 2.0, 0.5, -0.3][self.below(6)];
        let name = ["add", "sub", "rsub", "mul", "maximum"][self.below(5)];
        let shape = self.of(x);
        Some(self.push(RecipeOp::Number(name, value), vec![x], shape, ValueKind::Float))
    }

    fn reduce(&mut self) -> Option<usize> {
        let x = self.float();
        let shape = self.of(x);
        let gone: Vec<bool> = shape.iter().map(|_| self.chance(50)).collect();
        let axes = (0..shape.len()).filter(|&i| gone[i]);
        let axes: Vec<isize> = axes.map(|i| self.signed(i, shape.len())).collect();
        let name =
            ["sum", "sum", "sum", "mean", "max", "min", "logsumexp", "var", "standardize"][self.below(9)];
        if name != "sum" && (axes.is_empty() || shape.contains(&0)) {
            return None;
        }
        let kept = match name {
            "standardize" => shape,
            _ => shape.iter().zip(&gone).filter(|(_, g)| !**g).map(|(d, _)| *d).collect(),
        };
        Some(self.push(RecipeOp::Reduce(name, axes), vec![x], kept, ValueKind::Float))
    }

    fn along(&mut self) -> Option<usize> {
        let x = self.float();
        let (axis, shape) = (self.axis(x)?, self.of(x));
        let names = ["softmax", "softmax", "log_softmax", "log_softmax", "argmax"];
        let name = names[self.below(if self.recipe.smooth { 4 } else { 5 })];
        let mut result = shape.clone();
        if name == "argmax" {
            if shape[axis] == 0 {
                return None;
            }
            result.remove(axis);
        }
        let axis = self.signed(axis, shape.len());
        Some(self.push(RecipeOp::Along(name, axis), vec![x], result, ValueKind::Float))
    }

    fn layout(&mut self) -> Option<usize> {
        let kind = if self.chance(15) { ValueKind::Truth } else { ValueKind::Float };
        let x = self.node(kind)?;
        let shape = self.of(x);
        let mut result = shape.clone();
        let op = match self.below(6) {
            0 => {
                result = self.regrouped(&shape);
                RecipeOp::Reshape
            }
            1 => {
                let mut axes: Vec<usize> = (0..shape.len()).collect();
                (1..axes.len()).for_each(|i| axes.swap(i, self.below(i + 1)));
                result = axes.iter().map(|&a| shape[a]).collect();
                RecipeOp::Permute(axes.into_iter().map(|a| self.signed(a, shape.len())).collect())
            }
            2 => {
                let axis = self.axis(x)?;
                let from = self.below(shape[axis] + 1);
                let to = from + self.below(shape[axis] - from + 1);
                result[axis] = to - from;
                RecipeOp::Slice(self.signed(axis, shape.len()), from, to)
            }
            3 => {
                let axis = self.axis(x)?;
                let (before, after) = (self.below(3), self.below(4));
                result[axis] += before + after;
                RecipeOp::Pad(self.signed(axis, shape.len()), before, after)
            }
            4 => return self.concat(x, kind),
            _ => {
                result.iter_mut().filter(|d| **d == 1).for_each(|d| *d = self.length());
                if self.chance(40) && result.len() < 4 {
                    result.insert(0, 1 + self.below(5));
                }
                RecipeOp::Broadcast
            }
        };
        (elements(&result) <= self.most).then(|| self.push(op, vec![x], result, kind))
    }

    fn concat(&mut self, x: usize, kind: ValueKind) -> Option<usize> {
        let (axis, shape) = (self.axis(x)?, self.of(x));
        let fits = |d: &RecipeNode| {
            d.kind == kind
                && d.shape.len() == shape.len()
                && (0..shape.len()).all(|i| i == axis || d.shape[i] == shape[i])
        };
        let all: Vec<usize> = (0..self.recipe.nodes.len()).filter(|&i| fits(&self.recipe.nodes[i])).collect();
        let parts: Vec<usize> =
            (0..1 + self.below(3)).map(|_| all[self.below(all.len())]).chain([x]).collect();
        let mut result = shape.clone();
        result[axis] = parts.iter().map(|&p| self.recipe.nodes[p].shape[axis]).sum();
        let axis = self.signed(axis, shape.len());
        (elements(&result) <= self.most).then(|| self.push(RecipeOp::Concat(axis), parts, result, kind))
    }

    fn product(&mut self) -> Option<usize> {
        let matrices: Vec<usize> =
            self.nodes(ValueKind::Float).into_iter().filter(|&i| self.of(i).len() >= 2).collect();
        let a = *matrices.get(self.below(matrices.len().max(1)))?;
        let turned = |shape: &[usize], turn: bool| {
            let (mut shape, n) = (shape.to_vec(), shape.len());
            if turn {
                shape.swap(n - 1, n - 2);
            }
            shape
        };
        let left = self.chance(30);
        let (sa, k) = (turned(&self.of(a), left), turned(&self.of(a), left).pop()?);
        let start = self.below(matrices.len());
        for i in 0..matrices.len() {
            let b = matrices[(start + i) % matrices.len()];
            for right in [true, false] {
                let sb = turned(&self.of(b), right);
                if sb[sb.len() - 2] == k
                    && let Some(c) = product_shape(&sa, &sb).filter(|c| elements(c) <= self.most)
                {
                    return Some(self.push(RecipeOp::Matmul(left, right), vec![a, b], c, ValueKind::Float));
                }
            }
        }
        let mut sb = self.narrowed(&sa[..sa.len() - 2]);
        sb.extend([k, self.length()]);
        let c = product_shape(&sa, &sb).filter(|c| elements(c) <= self.most)?;
        let b = self.leaf(sb);
        Some(self.push(RecipeOp::Matmul(left, false), vec![a, b], c, ValueKind::Float))
    }

    fn compare(&mut self) -> Option<usize> {
        let a = self.float();
        if self.chance(20) {
            let shape = self.of(a);
            return Some(self.push(RecipeOp::ToTruth, vec![a], shape, ValueKind::Truth));
        }
        let (b, shape) = self.partner(a);
        let name = ["gt", "ge", "lt", "le", "eq", "ne"][self.below(6)];
        Some(self.push(RecipeOp::Compare(name), vec![a, b], shape, ValueKind::Truth))
    }

    fn choose(&mut self) -> Option<usize> {
        let m = self.node(ValueKind::Truth)?;
        if self.chance(25) {
            let shape = self.of(m);
            // The first node has the type that numbers have.
            return Some(self.push(RecipeOp::FromTruth, vec![m, 0], shape, ValueKind::Float));
        }
        let a = self.float();
        let (b, both) = self.partner(a);
        let shape = broadcast(&self.of(m), &both).filter(|s| elements(s) <= self.most)?;
        Some(self.push(RecipeOp::Select, vec![m, a, b], shape, ValueKind::Float))
    }

    fn pick(&mut self) -> Option<usize> {
        let matrices =
            self.nodes(ValueKind::Float).into_iter().filter(|&i| self.of(i).len() == 2 && self.of(i)[1] > 0);
        let matrices: Vec<usize> = matrices.collect();
        let x = *matrices.get(self.below(matrices.len().max(1)))?;
        let (rows, columns) = (self.of(x)[0], self.of(x)[1]);
        let source = if self.chance(50) { LeafSource::Input } else { LeafSource::Constant };
        let stream = self.recipe.nodes.len() as u64;
        let labels =
            self.push(RecipeOp::Labels(source, stream, columns), vec![], vec![rows], ValueKind::Index);
        Some(self.push(RecipeOp::Pick, vec![x, labels], vec![rows], ValueKind::Float))
    }

    /// A row of the table: every op has some.
    /// A row of an op. Each op is as likely as another, however many rows it has.
    fn row(&mut self) -> Option<usize> {
        let fits = |row: &Signature, most: usize| !row.rounds && elements(&row.result) <= most;
        let mut ops: Vec<OpKind> = self.rows.iter().filter(|r| fits(r, self.most)).map(|r| r.of).collect();
        ops.dedup();
        let op = ops[self.below(ops.len())];
        let fitting: Vec<usize> = (0..self.rows.len())
            .filter(|&i| self.rows[i].of == op && fits(&self.rows[i], self.most))
            .collect();
        let row = fitting[self.below(fitting.len())];
        let Signature { operands, result, .. } = self.rows[row].clone();
        let x = (0..operands).map(|_| self.float()).collect();
        Some(self.push(RecipeOp::Row(row), x, result, ValueKind::Float))
    }

    /// The outputs: the last number, and others of any kind.
    fn finish(mut self) -> Recipe {
        let last = *self.nodes(ValueKind::Float).last().expect("the first node is one");
        let mut outputs = vec![last];
        for _ in 0..self.below(4) {
            outputs.push(self.below(self.recipe.nodes.len()));
        }
        outputs.retain(|&o| self.recipe.nodes[o].kind != ValueKind::Index);
        Recipe { outputs, ..self.recipe }
    }
}
