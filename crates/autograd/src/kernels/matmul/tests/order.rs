//! Products have the bits that their order says: every kernel of every instruction set, by a slow product in that order.

use super::*;
use crate::tree::{self, LANES, Order};

/// The sum of the products of pairs, as the order defines it.
fn added_up<T: Multiply>(order: Order, terms: &[[T; 2]]) -> T {
    let add = |sum: T, &[a, b]: &[T; 2]| a.fused(b, sum);
    match order {
        Order::Chains { length } => {
            let chains = terms.chunks(length).map(|chain| chain.iter().fold(T::default(), add));
            chains.reduce(|sum, chain| sum + chain).unwrap_or_default()
        }
        Order::Lanes => {
            let mut terms = terms.to_vec();
            terms.resize(terms.len().next_multiple_of(LANES), [T::default(); 2]);
            let lane = |lane| terms.iter().skip(lane).step_by(LANES).fold(T::default(), add);
            tree::fold(std::array::from_fn(lane))
        }
    }
}

/// The order of the product of two operands.
fn order_of<T>(a: &Operand<T>, b: &Operand<T>) -> Order {
    let (&[m, k], &[_, n]) = (last_two(&a.shape), last_two(&b.shape));
    Order::of([m, k, n], [*last_two(&a.strides), *last_two(&b.strides)])
}

fn last_two<T>(x: &[T]) -> &[T; 2] {
    x.last_chunk().unwrap()
}

/// The product, number by number, in an order.
fn by_order<T: Multiply>(a: &Operand<T>, b: &Operand<T>, order: Order) -> Vec<T> {
    let (&[m, k], &[_, n]) = (last_two(&a.shape), last_two(&b.shape));
    let entries = a.shape[..a.shape.len() - 2].iter().product::<usize>();
    let element = |place: usize| {
        let (entry, i, j) = (place / (m * n), place / n % m, place % n);
        let pair = |p| [a.at(entry, i, p), b.at(entry, p, j)].map(T::from_f64);
        added_up(order, &(0..k).map(pair).collect::<Vec<_>>())
    };
    (0..entries * m * n).map(element).collect()
}

/// Holds every way to compute a product against its order.
fn keeps_to_its_order<T: Multiply>(a: &Operand<T>, b: &Operand<T>) {
    let order = order_of(a, b);
    let want = bits(&by_order(a, b, order));
    let name = |way| {
        format!("{way}: {:?} × {:?}, strides {:?}, {:?}, {order:?}", a.shape, b.shape, a.strides, b.strides)
    };
    let (&[m, k], &[_, n]) = (last_two(&a.shape), last_two(&b.shape));
    let is_large = want.len() * k >= crate::target::Target::CPU.threads.products_from;
    for (i, table) in T::all_kernels().into_iter().enumerate() {
        for threads in if is_large { &[1, 2, 5][..] } else { &[1] } {
            assert!(
                bits(&product(a, b, table, *threads)) == want,
                "{}",
                name(format!("instructions {i}, {threads}"))
            );
            if a.shape.len() == 2 && (1..=DEPTH).contains(&k) && m * n > 0 {
                let tiles = from_tiles(a, b, table, *threads, 1 + m % 3);
                assert!(bits(&tiles) == want, "{}", name(format!("tiles of {i}, {threads}")));
            }
        }
    }
}

/// Numbers that are drawn.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n
    }

    fn of<X: Copy>(&mut self, all: &[X]) -> X {
        all[self.below(all.len())]
    }

    /// A length from 1 on, small ones more often.
    fn length(&mut self, most: usize) -> usize {
        let bound = 1 << self.below(most.ilog2() as usize + 1);
        1 + self.below(bound.min(most))
    }

    /// An operand of a drawn layout, or of strides that are drawn one by one: elements may overlap.
    fn operand<T: Float>(&mut self, shape: &[usize]) -> Operand<T> {
        let seed = self.below(1000);
        let layout = self.of(&LAYOUTS);
        if self.below(4) > 0 {
            return operand(shape, layout, seed);
        }
        let strides: Vec<isize> = shape.iter().map(|_| self.of(&[0, 1, 1, 1, 2, 3, 17, -1])).collect();
        let reach = |sign: isize| -> isize {
            let ends = shape.iter().zip(&strides).map(|(&n, &s)| (n as isize - 1).max(0) * (s * sign).max(0));
            ends.sum()
        };
        let length = (reach(1) + reach(-1)) as usize + 1;
        let Operand { data, .. } = operand::<T>(&[1, length], Layout::Rows, seed);
        Operand { data, offset: reach(-1) as usize, shape: shape.to_vec(), strides }
    }
}

fn random_products<T: Multiply>(seed: u64, count: usize) -> [usize; 2] {
    let (mut draw, mut orders) = (Draw(seed), [0; 2]);
    for _ in 0..count {
        let batch = if draw.below(4) == 0 { vec![draw.length(3), draw.length(3)] } else { vec![] };
        let widest = draw.of(&[20, 20, 300]);
        let [m, n] = [draw.length(200), draw.length(widest)];
        // The slow product takes its time.
        let most = (1 << 18) / (m * n * batch.iter().product::<usize>());
        let k = draw.length(most.clamp(1, 1500));
        let shapes = [[&batch[..], &[m, k]].concat(), [&batch[..], &[k, n]].concat()];
        let [a, b] = if draw.below(3) == 0 {
            // Both along k.
            let layouts = [draw.of(&[Layout::Rows, Layout::Wide, Layout::SameRow]), Layout::Columns];
            [0, 1].map(|i| operand::<T>(&shapes[i], layouts[i], draw.below(1000)))
        } else {
            [0, 1].map(|i| draw.operand(&shapes[i]))
        };
        orders[usize::from(order_of(&a, &b) == Order::Lanes)] += 1;
        keeps_to_its_order(&a, &b);
    }
    orders
}

#[test]
fn random_products_keep_to_their_order() {
    for orders in [random_products::<f32>(1, 600), random_products::<f64>(2, 600)] {
        assert!(orders.iter().all(|&count| count > 50), "both orders are drawn: {orders:?}");
    }
}

#[test]
fn large_products_keep_to_their_order() {
    use Layout::*;
    for ([m, k, n], layouts) in [
        ([70, 300, 90], [Rows, Rows]),
        // A is not packed, and read in blocks of rows.
        ([430, 250, 45], [Rows, Rows]),
        ([230, 700, 45], [Columns, Rows]),
        ([40, 515, 60], [Columns, Rows]),
        ([130, 1000, 33], [Rows, Columns]),
        ([257, 257, 9], [Columns, Columns]),
        ([3, 4000, 40], [Rows, Columns]),
        ([800, 64, 70], [Rows, Rows]),
    ] {
        keeps_to_its_order(&operand::<f32>(&[m, k], layouts[0], 3), &operand(&[k, n], layouts[1], 4));
        keeps_to_its_order(&operand::<f64>(&[m, k], layouts[0], 3), &operand(&[k, n], layouts[1], 4));
    }
}

/// Zeros of both signs, infinities, NaN, and numbers whose products vanish.
#[test]
fn special_numbers_keep_to_the_order() {
    fn check<T: Multiply>(tiny: f64) {
        let specials = [0.0, -0.0, 1.0, -1.0, tiny, -tiny, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for (count, seed) in [(6, 5), (8, 6), (9, 7)] {
            let mut draw = Draw(seed);
            for _ in 0..150 {
                let [m, k, n] = [draw.length(9), draw.length(70), draw.length(20)];
                let [mut a, mut b] = [draw.operand::<T>(&[m, k]), draw.operand::<T>(&[k, n])];
                for x in [&mut a, &mut b] {
                    x.data.fill_with(|| T::from_f64(draw.of(&specials[..count])));
                }
                keeps_to_its_order(&a, &b);
            }
        }
        // Every product vanishes, and leaves the sign of a zero.
        for k in 1..70 {
            let [mut a, mut b] =
                [operand::<T>(&[2, k], Layout::Rows, 1), operand(&[k, 2], Layout::Columns, 1)];
            a.data.fill(T::from_f64(tiny));
            b.data.fill(T::from_f64(-tiny));
            keeps_to_its_order(&a, &b);
        }
    }
    check::<f32>(1e-40);
    check::<f64>(1e-310);
}

/// The test can fail: other orders give other bits.
#[test]
fn another_order_is_told_apart() {
    let [a, b] = [operand::<f32>(&[3, 700], Layout::Rows, 1), operand(&[700, 2], Layout::Columns, 2)];
    let own = order_of(&a, &b);
    assert_eq!(own, Order::Lanes);
    let got = bits(&product(&a, &b, f32::kernels(), 1));
    for length in [1, 233, 234, 256, 700] {
        assert!(bits(&by_order(&a, &b, Order::Chains { length })) != got, "chains of {length}");
    }
    let b = operand(&[700, 2], Layout::Rows, 2);
    let a = operand(&[3, 700], Layout::Sparse, 1);
    assert_eq!(order_of(&a, &b), Order::Chains { length: 234 });
    let got = bits(&product(&a, &b, f32::kernels(), 1));
    for other in [Order::Lanes, Order::Chains { length: 233 }, Order::Chains { length: 700 }] {
        assert!(bits(&by_order(&a, &b, other)) != got, "{other:?}");
    }
}
