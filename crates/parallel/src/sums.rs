//! The sum of the shards' numbers, on each rank that of the same tree.

use crate::tree::{Act, Node, Order, acts, part, pieces};
use crate::{Numbers, World, WorldError};
use autograd::{Data, Float};
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use std::borrow::Cow;
use std::ops::Range;

/// A number that ranks add.
pub(crate) trait Term: Float + Pod {
    fn numbers(x: &mut [Self]) -> Numbers<'_>;
    fn data(values: Vec<Self>) -> Data;
}
impl Term for f32 {
    fn numbers(x: &mut [f32]) -> Numbers<'_> {
        Numbers::F32(x)
    }
    fn data(values: Vec<f32>) -> Data {
        Data::F32(values)
    }
}
impl Term for f64 {
    fn numbers(x: &mut [f64]) -> Numbers<'_> {
        Numbers::F64(x)
    }
    fn data(values: Vec<f64>) -> Data {
        Data::F64(values)
    }
}

/// Fills in what devices have added up among themselves.
pub(crate) type Fill<'a, T> = Box<dyn FnOnce(&mut [T]) -> Result<(), WorldError> + 'a>;

/// What a rank holds before ranks add.
pub(crate) enum Held<'a, T: Term> {
    /// The sums of the nodes that it holds whole.
    Here(Vec<Cow<'a, [T]>>),
    /// Sums on devices, which add up among themselves, in whatever order is fast there.
    #[cfg_attr(not(feature = "cuda"), expect(dead_code, reason = "ranks without devices have none"))]
    There(Fill<'a, T>),
}

/// Adds the second slice to the first.
pub(crate) fn add<T: Float>(sum: &mut [T], terms: &[T]) {
    sum.iter_mut().zip(terms).for_each(|(sum, &x)| *sum = *sum + x);
}

/// The sums of `length` numbers over `shards` shards, of which each rank has a part.
#[derive(Debug)]
pub(crate) struct Sums<T> {
    length: usize,
    shards: usize,
    order: Order,
    /// How this rank adds each node that it holds whole: numbers are those of shards.
    own: Vec<Vec<Act>>,
    /// How many nodes each rank holds whole.
    held: Vec<usize>,
    /// How the owner of a slice adds up everything: numbers are those of the nodes of all ranks.
    last: Vec<Act>,
    /// Sums that are in no use: of all numbers, and of the slice that this rank finishes.
    spare: Vec<Vec<T>>,
    spare_slices: Vec<Vec<T>>,
    sent: Vec<T>,
    received: Vec<T>,
    /// The mean over all shards: on each rank its slice, and after a gather everything.
    pub(crate) mean: Vec<T>,
}

impl<T: Term> Sums<T> {
    pub(crate) fn new(length: usize, shards: usize, order: Order, world: &dyn World) -> Sums<T> {
        let (rank, size) = (world.rank(), world.size());
        let all: Vec<Vec<Node>> = (0..size).map(|rank| pieces(shards, &part(shards, rank, size))).collect();
        let leaf = |node: &Node| (node.len() == 1).then_some(node.start);
        let own = match order {
            Order::Tree => all[rank].iter().map(|node| acts(node, &leaf)).collect(),
            Order::Fast => {
                let mut list: Vec<Act> = part(shards, rank, size).map(Act::Plus).collect();
                list[0] = Act::Put(part(shards, rank, size).start);
                vec![list]
            }
        };
        let nodes: Vec<&Node> = all.iter().flatten().collect();
        let last = acts(&(0..shards), &|node| nodes.iter().position(|known| *known == node));
        let held = all.iter().map(Vec::len).collect();
        let (spare, spare_slices, sent, received) = (vec![], vec![], vec![], vec![]);
        let mean = vec![T::default(); length];
        Sums { length, shards, order, own, held, last, spare, spare_slices, sent, received, mean }
    }

    /// The slice of the numbers that a rank finishes.
    pub(crate) fn slice(&self, rank: usize, size: usize) -> Range<usize> {
        part(self.length, rank, size)
    }

    /// The sums of the nodes that this rank holds whole. `give` adds the numbers of a shard to a slice, or writes them there if
    /// the flag says so.
    pub(crate) fn own<E>(
        &mut self,
        give: impl FnMut(usize, &mut [T], bool) -> Result<(), E>,
    ) -> Result<Vec<Vec<T>>, E> {
        add_up(self.own.iter().flatten(), self.length, &mut self.spare, give)
    }

    /// How this rank adds up what it holds: on a stack of sums, numbers are those of shards.
    #[cfg(feature = "cuda")]
    pub(crate) fn acts(&self) -> impl Iterator<Item = Act> {
        self.own.iter().flatten().copied()
    }

    /// Makes the mean over all shards of the sums of all ranks: on each rank the slice that it finishes.
    pub(crate) fn finish(&mut self, world: &dyn World, own: Held<'_, T>) -> Result<(), WorldError> {
        match own {
            Held::Here(own) => self.finish_here(world, own),
            Held::There(add) => {
                add(&mut self.mean)?;
                self.divide(0..self.length);
                Ok(())
            }
        }
    }

    fn divide(&mut self, here: Range<usize>) {
        let count = T::from_f64(self.shards as f64);
        self.mean[here].iter_mut().for_each(|x| *x = *x / count);
    }

    fn finish_here(&mut self, world: &dyn World, mut own: Vec<Cow<'_, [T]>>) -> Result<(), WorldError> {
        let whole = self.is_whole(world);
        let done = match self.order {
            Order::Tree if !whole => self.finish_tree(world, &own),
            order => {
                match &mut own[0] {
                    Cow::Owned(sum) => std::mem::swap(&mut self.mean, sum),
                    Cow::Borrowed(sum) => self.mean.copy_from_slice(sum),
                }
                if order == Order::Fast { world.sum(T::numbers(&mut self.mean)) } else { Ok(()) }
            }
        };
        self.spare.extend(own.into_iter().filter_map(|sum| match sum {
            Cow::Owned(sum) => Some(sum),
            Cow::Borrowed(_) => None,
        }));
        done?;
        let here = if whole { 0..self.length } else { self.slice(world.rank(), world.size()) };
        self.divide(here);
        Ok(())
    }

    fn finish_tree(&mut self, world: &dyn World, own: &[Cow<'_, [T]>]) -> Result<(), WorldError> {
        let (rank, size) = (world.rank(), world.size());
        let here = self.slice(rank, size);
        let bytes = |numbers: usize| numbers * size_of::<T>();
        self.sent.clear();
        let mut to = vec![];
        for other in 0..size {
            let slice = self.slice(other, size);
            to.push(bytes(own.len() * slice.len()));
            own.iter().for_each(|sum| self.sent.extend_from_slice(&sum[slice.clone()]));
        }
        let from: Vec<usize> = self.held.iter().map(|held| bytes(held * here.len())).collect();
        let nodes: usize = self.held.iter().sum();
        self.received.resize(nodes * here.len(), T::default());
        world.exchange(cast_slice(&self.sent), &to, cast_slice_mut(&mut self.received), &from)?;
        let received = &self.received;
        let give = |node: usize, sum: &mut [T], anew: bool| {
            let known = &received[node * here.len()..][..here.len()];
            if anew {
                sum.copy_from_slice(known)
            } else {
                add(sum, known)
            }
            Ok::<(), WorldError>(())
        };
        let root = add_up(&self.last, here.len(), &mut self.spare_slices, give)?;
        self.mean[here].copy_from_slice(&root[0]);
        self.spare_slices.extend(root);
        Ok(())
    }

    /// Whether every rank has all of the mean without a gather.
    pub(crate) fn is_whole(&self, world: &dyn World) -> bool {
        self.order == Order::Fast || world.size() == 1
    }

    /// Gathers every rank's slice of the mean, or of what has taken its place.
    pub(crate) fn gather(&mut self, world: &dyn World) -> Result<(), WorldError> {
        let (rank, size) = (world.rank(), world.size());
        if size == 1 {
            return Ok(());
        }
        let here = self.mean[self.slice(rank, size)].to_vec();
        let from: Vec<usize> = (0..size).map(|rank| self.slice(rank, size).len() * size_of::<T>()).collect();
        world.gather(cast_slice(&here), cast_slice_mut(&mut self.mean), &from)
    }
}

/// Does acts on a stack of sums of so many numbers, and gives the stack. `give` adds known numbers to a sum, or writes them there.
fn add_up<'a, T: Term, E>(
    acts: impl IntoIterator<Item = &'a Act>,
    length: usize,
    spare: &mut Vec<Vec<T>>,
    mut give: impl FnMut(usize, &mut [T], bool) -> Result<(), E>,
) -> Result<Vec<Vec<T>>, E> {
    let mut stack: Vec<Vec<T>> = vec![];
    for act in acts {
        match *act {
            Act::Put(number) => {
                let mut sum = spare.pop().unwrap_or_else(|| vec![T::default(); length]);
                give(number, &mut sum, true)?;
                stack.push(sum);
            }
            Act::Plus(number) => give(number, stack.last_mut().expect("a sum is there"), false)?,
            Act::Add => {
                let right = stack.pop().expect("two sums are there");
                add(stack.last_mut().expect("two sums are there"), &right);
                spare.push(right);
            }
        }
    }
    Ok(stack)
}
