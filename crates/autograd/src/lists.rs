//! Lists made and sorted where speed does not matter: by functions that are compiled once for all callers, or once for each
//! type. An adapter that ends in `collect`, or a sort, is compiled anew for each closure.

use std::cmp::Ordering;
use std::ops::Deref;

/// Iterators that end in a list.
pub(crate) trait IntoList: Iterator + Sized {
    /// As `collect` into a vector, with one loop for all lists of a type.
    fn listed(mut self) -> Vec<Self::Item> {
        let mut list = Vec::with_capacity(self.size_hint().0);
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

/// A set as an ascending list.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderedSet<K>(Vec<K>);

impl<K: Ord> OrderedSet<K> {
    pub(crate) fn of(key: K) -> OrderedSet<K> {
        OrderedSet(vec![key])
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.0.binary_search(key).is_ok()
    }

    /// Whether the key is new.
    pub(crate) fn insert(&mut self, key: K) -> bool {
        let place = self.0.binary_search(&key);
        if let Err(place) = place {
            self.0.insert(place, key);
        }
        place.is_err()
    }

    pub(crate) fn remove(&mut self, key: &K) {
        if let Ok(place) = self.0.binary_search(key) {
            self.0.remove(place);
        }
    }
}

impl<K> Deref for OrderedSet<K> {
    type Target = [K];
    fn deref(&self) -> &[K] {
        &self.0
    }
}

impl<K: Ord> Extend<K> for OrderedSet<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for OrderedSet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> OrderedSet<K> {
        let mut set = OrderedSet(vec![]);
        set.extend(keys);
        set
    }
}

impl<'a, K> IntoIterator for &'a OrderedSet<K> {
    type Item = &'a K;
    type IntoIter = std::slice::Iter<'a, K>;
    fn into_iter(self) -> std::slice::Iter<'a, K> {
        self.0.iter()
    }
}

/// A map as a list in the order of its keys.
#[derive(Clone, Debug)]
pub(crate) struct OrderedMap<K, V>(Vec<(K, V)>);

impl<K: Ord, V> OrderedMap<K, V> {
    /// Where a key is, or would be.
    pub(crate) fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(k, _)| k.cmp(key))
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().map(|place| &self.0[place].1)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.place(&key) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (key, value)),
        }
    }

    /// The value of a key, which is made where there is none.
    pub(crate) fn or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = self.place(&key).unwrap_or_else(|place| {
            self.0.insert(place, (key, make()));
            place
        });
        &mut self.0[place].1
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.place(key).ok().map(|place| self.0.remove(place).1)
    }

    /// Takes the last key with its value.
    pub(crate) fn pop(&mut self) -> Option<(K, V)> {
        self.0.pop()
    }

    pub(crate) fn into_entries(self) -> Vec<(K, V)> {
        self.0
    }
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> OrderedMap<K, V> {
        OrderedMap(vec![])
    }
}

impl<K, V> Deref for OrderedMap<K, V> {
    type Target = [(K, V)];
    fn deref(&self) -> &[(K, V)] {
        &self.0
    }
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

    #[test]
    fn sets_and_maps_are_in_the_order_of_their_keys() {
        let mut set = OrderedSet::of(3);
        assert!(set.insert(1) && !set.insert(3) && set.insert(2));
        set.remove(&3);
        assert_eq!(set[..], [1, 2]);
        let mut map = OrderedMap::default();
        map.insert("b", 1);
        *map.or_insert_with("a", || 5) += 1;
        *map.or_insert_with("b", || 5) += 1;
        assert_eq!(map[..], [("a", 6), ("b", 2)]);
        assert_eq!((map.get(&"c"), map.get(&"b")), (None, Some(&2)));
        assert_eq!((map.remove(&"a"), map.pop()), (Some(6), Some(("b", 2))));
    }
}
