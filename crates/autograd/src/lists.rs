//! Lists made and sorted where speed does not matter: by functions that are compiled once for all callers, or once for each
//! type. An adapter that ends in `collect`, or a sort, is compiled anew for each closure.

use std::cmp::Ordering;

/// Iterators that end in a list.
pub(crate) trait IntoList: Iterator + Sized {
    /// As `collect` into a vector, with one loop for all lists of a type.
    fn listed(mut self) -> Vec<Self::Item> {
        let mut list = vec![];
        append(&mut list, &mut || self.next());
        list
    }
}

impl<I: Iterator> IntoList for I {}

fn append<T>(list: &mut Vec<T>, next: &mut dyn FnMut() -> Option<T>) {
    while let Some(x) = next() {
        list.push(x);
    }
}

/// The places 0..n of a list in ascending order. Equal elements keep their order.
pub(crate) fn places(n: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..n).collect();
    places.sort_by(|&i, &j| compare(i, j));
    places
}

/// Sorts a list. Equal elements keep their order.
pub(crate) fn sort_by<T: Clone>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let places = places(list.len(), &|i, j| compare(&list[i], &list[j]));
    let old = list.to_vec();
    for (x, i) in list.iter_mut().zip(places) {
        x.clone_from(&old[i]);
    }
}

/// Sorts a list and leaves each element once.
pub(crate) fn sort_once<T: Clone + Ord>(list: &mut Vec<T>) {
    sort_by(list, T::cmp);
    list.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_what_the_iterator_gives() {
        assert_eq!("a bc".chars().filter(|c| *c != ' ').listed(), ['a', 'b', 'c']);
        assert!(std::iter::empty::<u8>().listed().is_empty());
    }

    #[test]
    fn equal_elements_keep_their_order() {
        let lengths = ["ccc", "a", "bb", "d", "eee"].map(str::len);
        assert_eq!(places(5, &|i, j| lengths[i].cmp(&lengths[j])), [1, 3, 2, 0, 4]);
        let mut words = ["ccc", "a", "bb", "d", "eee"];
        sort_by(&mut words, |a, b| b.len().cmp(&a.len()));
        assert_eq!(words, ["ccc", "eee", "bb", "a", "d"]);
    }

    #[test]
    fn each_element_is_left_once() {
        let mut numbers = vec![3, 1, 2, 3, 1];
        sort_once(&mut numbers);
        assert_eq!(numbers, [1, 2, 3]);
    }
}
