//! What a file of PyTorch holds.

use crate::mapping::joined;
use crate::tensors::Tensors;
use autograd::{Data, NamedTensor, Shape};
use std::collections::HashMap;

/// A value of a file: a tensor, a number, a text, or values within one another.
///
/// ```
/// use files::torch::Value;
/// let checkpoint = Value::Dict(vec![
///     (Value::Text("epoch".into()), Value::Int(7)),
///     (Value::Text("lr".into()), Value::List(vec![Value::Float(0.5)])),
/// ]);
/// assert_eq!(checkpoint.get("epoch"), Some(&Value::Int(7)));
/// assert_eq!(checkpoint.get("lr").and_then(|list| list.at(0)), Some(&Value::Float(0.5)));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// A tensor. Views are read as what they show, parameters as their tensors.
    Tensor {
        /// Its shape.
        shape: Shape,
        /// Its elements, row-major.
        data: Data,
    },
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A dictionary, ordered or not, in its order.
    Dict(Vec<(Value, Value)>),
}

impl Value {
    /// The entry of a dictionary for a text.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Dict(entries) = self else { return None };
        entries.iter().find(|(k, _)| matches!(k, Value::Text(text) if text == key)).map(|(_, value)| value)
    }

    /// The entry of a list or tuple at a place, or of a dictionary for an integer.
    pub fn at(&self, index: usize) -> Option<&Value> {
        match self {
            Value::List(items) | Value::Tuple(items) => items.get(index),
            Value::Dict(entries) => {
                let is = |key: &Value| matches!(key, Value::Int(i) if usize::try_from(*i) == Ok(index));
                entries.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// All tensors in it, as a flat list. Each is named by the keys and places that lead to it, joined by dots: that of
    /// `{"model": {"0.weight": …}}` is `model.0.weight`. Of equal names the last counts.
    pub fn tensors(&self) -> Tensors {
        let (mut list, mut index) = (vec![], HashMap::new());
        self.collect(String::new(), &mut |tensor: NamedTensor| match index.get(&tensor.name) {
            Some(&at) => list[at] = tensor,
            None => {
                index.insert(tensor.name.clone(), list.len());
                list.push(tensor);
            }
        });
        list.into_iter().collect()
    }

    /// The reader sees to it that values are not many levels deep.
    fn collect(&self, name: String, put: &mut impl FnMut(NamedTensor)) {
        match self {
            Value::Tensor { shape, data } => {
                put(NamedTensor { name, shape: shape.clone(), data: data.clone() });
            }
            Value::List(items) | Value::Tuple(items) => {
                let each = items.iter().enumerate();
                each.for_each(|(i, item)| item.collect(joined(&name, &i.to_string()), put));
            }
            Value::Dict(entries) => {
                for (key, value) in entries {
                    let key = match key {
                        Value::Text(text) => text.clone(),
                        Value::Int(i) => i.to_string(),
                        other => format!("{other:?}"),
                    };
                    value.collect(joined(&name, &key), put);
                }
            }
            _ => {}
        }
    }
}
