//! Loops: `Scan` of ONNX, whose body is a graph within the graph. It reads what is around it by name.

use crate::Error;
use crate::model::{Attribute, Port, Value};
use crate::term::Term;
use crate::trace::{At, Held, Trace, Why};
use autograd::planned::{Graph, Held as Part, Op, Piece, RecordedNode};
use autograd::{DType, Shape};

/// What a loop does besides its body.
struct Repeat {
    /// What goes from step to step, with its first values.
    states: Vec<(Value, Port)>,
    /// What each step reads, and all of it.
    reads: Vec<(Value, Port)>,
    axis: usize,
    reverse: bool,
}

impl Repeat {
    /// The last states, and what the body gives beyond states, stacked along the axis.
    fn write(
        self,
        at: &At<'_>,
        body: impl FnOnce(&[Value]) -> Result<Vec<Port>, Error>,
    ) -> Result<Vec<Value>, Why> {
        let (values, ports): (Vec<Value>, Vec<Port>) = self.states.iter().chain(&self.reads).cloned().unzip();
        let inside: Vec<Value> = ports.iter().map(|port| port.value).collect();
        let block = at.writer().block(ports, || body(&inside)).map_err(Why::Within)?;
        let (results, reads) = (block.outputs.len(), self.reads.len());
        let all = |x: i64, n: usize| Attribute::Ints(vec![x; n]);
        let (axis, backwards, stacked) =
            (self.axis as i64, i64::from(self.reverse), results - self.states.len());
        let attributes = vec![
            ("body", Attribute::Body(block)),
            ("num_scan_inputs", Attribute::Int(reads as i64)),
            ("scan_input_axes", all(axis, reads)),
            ("scan_input_directions", all(backwards, reads)),
            ("scan_output_axes", all(axis, stacked)),
            ("scan_output_directions", all(backwards, stacked)),
        ];
        Ok(at.writer().nodes_with("Scan", values, results, attributes))
    }
}

fn port(at: &At<'_>, dtype: DType, shape: &[usize]) -> Port {
    Port { value: at.writer().fresh(), dtype, shape: Shape::from(shape) }
}

/// A body run so many times. Of the parts of the result those are written that somebody reads.
pub(crate) fn scan(at: &At<'_>) -> Result<Held, Why> {
    let Op::Scan(scan) = at.node.op else { unreachable!("a loop") };
    if scan.steps == 0 {
        return Err(Why::Hint("a loop of no steps: leave it out"));
    }
    let (graph, ports, pieces) = (scan.graph(), scan.body.ports, scan.pieces());
    let (results, carried) = (graph.results(), ports.carried);
    // Last carries; sums, with their terms; what is stacked, with what it is of each step.
    let (mut last, mut sums, mut stacked) = (vec![], vec![], vec![]);
    for piece in wanted(at, &pieces) {
        match piece.held {
            Part::Result(i) if i < carried => last.push((piece, i)),
            Part::Result(i) if i < carried + ports.stacked => stacked.push((piece, results[i])),
            Part::Result(i) => sums.push((piece, results[i])),
            Part::Product(i) => stacked.push((piece, results[carried + ports.stacked + ports.summed + i])),
            Part::History(i) => stacked.push((piece, argument_of(&graph, i as u32))),
        }
    }
    let others = || sums.iter().chain(&stacked);
    let asked: Vec<u32> = results[..carried].iter().copied().chain(others().map(|x| x.1)).collect();

    let (operands, summed) = (at.all(), sums.len());
    let argument = |i: usize, from: usize| (operands[i], port(at, at.operand(i).1, &at.operand(i).0[from..]));
    let mut states: Vec<_> = (0..carried).map(|i| argument(i, 0)).collect();
    states.extend(sums.iter().map(|(sum, _)| (at.zeros(&sum.shape).value, port(at, scan.part, &sum.shape))));
    let mut reads: Vec<_> = (carried..carried + ports.read).map(|i| argument(i, 1)).collect();
    if reads.is_empty() {
        // ONNX counts the steps of a loop by what they read.
        let count = at.writer().number(DType::I64, 0.0);
        let count = at.writer().node("Expand", [count, at.writer().lengths(&[scan.steps])]);
        reads.push((count, port(at, DType::I64, &[])));
    }
    let repeat = Repeat { states, reads, axis: 0, reverse: scan.reverse };
    let values = repeat.write(at, |inside| {
        let read = &inside[carried + summed..][..ports.read];
        let arguments = [&inside[..carried], read, &operands[carried + ports.read..]].concat();
        let mut given = Trace::of_body(at.job(), &graph, &arguments, &asked).write(&asked)?;
        for (i, sum) in given.iter_mut().enumerate().skip(carried).take(summed) {
            sum.value = at.writer().node("Add", [inside[i], sum.value]);
        }
        Ok(given)
    })?;
    let last = last.iter().map(|&(piece, i)| (piece, values[i]));
    let others = others().zip(&values[carried..]).map(|(&(piece, _), &value)| (piece, value));
    Ok(at.parts(last.chain(others).map(|(piece, value)| (piece.start, value, piece.shape.clone()))))
}

/// The node of an argument of a body.
fn argument_of(graph: &Graph, number: u32) -> u32 {
    let is_it = |node: &RecordedNode<'_>| matches!(node.op, Op::Input(i) if *i == number);
    graph.all().find(is_it).expect("arguments come first").id
}

/// The parts that are read, or all where something else reads the result than cuts of one part.
fn wanted<'p>(at: &At<'_>, pieces: &'p [Piece]) -> Vec<&'p Piece> {
    let cut = |op: &Op| match op {
        Op::Slice(cut) => {
            pieces.iter().find(|piece| (piece.start, piece.elements()) == (cut.start, cut.length))
        }
        _ => None,
    };
    let readers = at.readers();
    if at.is_result() || readers.iter().any(|reader| cut(reader.op).is_none()) {
        return pieces.iter().collect();
    }
    let is_read = |piece: &&Piece| readers.iter().any(|reader| cut(reader.op) == Some(piece));
    pieces.iter().filter(is_read).collect()
}

/// The ops of a function or a checkpoint, in its place.
pub(crate) fn called(at: &At<'_>) -> Result<Held, Why> {
    let Op::Call(call) = at.node.op else { unreachable!("a call") };
    let graph = call.body.graph();
    let given = Trace::of_body(at.job(), &graph, &at.all(), graph.results()).write(graph.results());
    Ok(at.gives(given.map_err(Why::Within)?[0].value))
}

/// yₜ = aₜ·yₜ₋₁ + bₜ, from 0 on.
pub(crate) fn recurrence<'a>(at: &At<'a>, axis: usize, reverse: bool) -> Result<Held, Why> {
    let (dtype, slice) = (at.node.dtype(), without(at.shape(), axis));
    let port = || port(at, dtype, &slice);
    let states = vec![(at.zeros(&slice).value, port())];
    let reads = vec![(at.x(0).value, port()), (at.x(1).value, port())];
    let repeat = Repeat { states, reads, axis, reverse };
    let results = repeat.write(at, |inside| {
        let [y, a, b] = [0, 1, 2].map(|i| Term::new(at.writer(), inside[i], dtype));
        let value = (a * y + b).value;
        let result = Port { value, dtype, shape: Shape::from(&slice[..]) };
        Ok(vec![result.clone(), result])
    })?;
    Ok(at.gives(results[1]))
}

/// The index of the largest element so far: the last of several, and the last NaN.
pub(crate) fn cumargmax<'a>(at: &At<'a>, axis: usize) -> Result<Held, Why> {
    let (dtype, slice, writer) = (at.operand(0).1, without(at.shape(), axis), at.writer());
    let lowest = writer.number(dtype, f64::NEG_INFINITY);
    let lowest = writer.node("Expand", [lowest, writer.lengths(&slice)]);
    let states = vec![
        (lowest, port(at, dtype, &slice)),
        (at.zeros(&slice).value, port(at, DType::I64, &slice)),
        (writer.number(DType::I64, 0.0), port(at, DType::I64, &[])),
    ];
    let reads = vec![(at.x(0).value, port(at, dtype, &slice))];
    let repeat = Repeat { states, reads, axis, reverse: false };
    let results = repeat.write(at, |inside| {
        let term = |i: usize, dtype: DType| Term::new(writer, inside[i], dtype);
        let [largest, x] = [0, 3].map(|i| term(i, dtype));
        let [place, count] = [1, 2].map(|i| term(i, DType::I64));
        let takes = x.with("GreaterOrEqual", largest).with("Or", x.op("IsNaN"));
        let place = Port {
            value: takes.choose(count, place, place).value,
            dtype: DType::I64,
            shape: Shape::from(&slice[..]),
        };
        let largest = Port { value: takes.choose(x, largest, x).value, dtype, ..place.clone() };
        let count = Port { value: (count + 1.0).value, dtype: DType::I64, shape: Shape::from([]) };
        Ok(vec![largest, place.clone(), count, place])
    })?;
    Ok(at.gives(results[3]))
}

fn without(shape: &[usize], axis: usize) -> Vec<usize> {
    [&shape[..axis], &shape[axis + 1..]].concat()
}
