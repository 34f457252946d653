//! The machine that makes plain data from a pickle. It calls nothing: the few names that it knows stand for data.

use super::opcodes::{Instruction, Instructions, place};
use super::storage::{Element, Storage, Storages, View};
use super::value::Value;
use crate::error::Fault;
use autograd::{Data, Shape};
use std::collections::HashMap;

/// How many levels of lists within lists there may be.
const LEVELS: usize = 100;

/// How many axes a tensor may have, and how long the name of a storage may be: so much is copied for each of them.
const AXES: usize = 64;
const KEY: usize = 64;

/// A place in the list of all objects.
type Id = usize;

/// What the machine makes. Objects name each other by their places, so that no depth of lists can overflow the stack.
#[derive(Clone, Debug)]
enum Object {
    Plain(Value),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Tensor(Shape, Data),
    Storage(Storage),
    Name(Name),
}

/// What a pickle may name.
#[derive(Clone, Copy, Debug)]
enum Name {
    Dict,
    Size,
    Tensor,
    TensorOfType,
    Parameter,
    /// A class of storages; of bytes where there is no element.
    Storage(Option<Element>),
    Type(Element),
}

struct Machine<'a> {
    objects: Vec<Object>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    storages: &'a Storages<'a>,
    /// Where the instruction stands, for messages.
    at: usize,
}

/// The value that a program makes.
pub(super) fn run(program: &[u8], storages: &Storages<'_>) -> Result<Value, Fault> {
    let mut instructions = Instructions::new(program);
    let mut machine =
        Machine { objects: vec![], stack: vec![], marks: vec![], memo: HashMap::new(), storages, at: 0 };
    loop {
        machine.at = instructions.at();
        let instruction = instructions.next()?;
        if instruction == Instruction::Stop {
            let result = machine.pop()?;
            // Each instruction makes one object at most. More come out only where objects stand in several places.
            let mut left = 4 * program.len() + 1000;
            return machine.value(result, 0, &mut left);
        }
        machine.step(instruction)?;
    }
}

impl Machine<'_> {
    fn step(&mut self, instruction: Instruction<'_>) -> Result<(), Fault> {
        use Instruction as I;
        match instruction {
            I::Note | I::Stop => {}
            I::Mark => self.marks.push(self.stack.len()),
            I::Pop => drop(self.pop()?),
            I::PopMark => drop(self.since_mark()?),
            I::Dup => {
                let top = self.top()?;
                self.stack.push(top);
            }
            I::None => self.plain(Value::None),
            I::Bool(x) => self.plain(Value::Bool(x)),
            I::Int(x) => self.plain(Value::Int(x)),
            I::Float(x) => self.plain(Value::Float(x)),
            I::Text(x) => self.plain(Value::Text(x.to_owned())),
            I::EmptyList => self.push(Object::List(vec![])),
            I::EmptyTuple => self.push(Object::Tuple(vec![])),
            I::EmptyDict => self.push(Object::Dict(vec![])),
            I::TupleOf(n) => {
                let start = self.stack.len().checked_sub(n).filter(|&start| start >= self.floor());
                let start =
                    start.ok_or_else(|| self.fault("too few values on the stack", "as many as it takes"))?;
                let items = self.stack.split_off(start);
                self.push(Object::Tuple(items));
            }
            I::TupleFromMark => {
                let items = self.since_mark()?;
                self.push(Object::Tuple(items));
            }
            I::ListFromMark => {
                let items = self.since_mark()?;
                self.push(Object::List(items));
            }
            I::DictFromMark => {
                let items = self.since_mark()?;
                let pairs = self.pairs(items)?;
                self.push(Object::Dict(pairs));
            }
            I::Append => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            I::AppendsFromMark => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            I::SetItem => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(vec![(key, value)])?;
            }
            I::SetItemsFromMark => {
                let items = self.since_mark()?;
                let pairs = self.pairs(items)?;
                self.set_items(pairs)?;
            }
            I::Put(number) => {
                let number = number.unwrap_or(self.memo.len() as u32);
                let top = self.top()?;
                self.memo.insert(number, top);
            }
            I::Get(number) => {
                let known = self.memo.get(&number).copied();
                self.stack
                    .push(known.ok_or_else(|| self.fault(format!("memo {number}"), "one that was put"))?);
            }
            I::Global(module, name) => self.name(&format!("{module}.{name}"))?,
            I::GlobalFromStack => {
                let (name, module) = (self.pop()?, self.pop()?);
                let name = format!("{}.{}", self.text(module)?, self.text(name)?);
                self.name(&name)?;
            }
            I::Reduce => self.reduce()?,
            I::Build => {
                self.pop()?;
                let top = self.top()?;
                // Attributes of a dictionary: PyTorch keeps the versions of modules there.
                if !matches!(self.objects[top], Object::Dict(_)) {
                    return Err(self.fault("the state of an object", PLAIN));
                }
            }
            I::PersistentId => self.storage()?,
            I::NewObject => return Err(self.fault("an object of a class", PLAIN)),
        }
        Ok(())
    }

    #[cold]
    fn fault(&self, found: impl std::fmt::Display, expected: &str) -> Fault {
        Fault::new(place(self.at), found, expected)
    }

    fn push(&mut self, object: Object) {
        self.stack.push(self.objects.len());
        self.objects.push(object);
    }

    fn plain(&mut self, value: Value) {
        self.push(Object::Plain(value));
    }

    /// Below this, values of the stack belong to a mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, Fault> {
        let top = self.stack[self.floor()..].last().copied();
        top.ok_or_else(|| self.fault("an empty stack", "a value on it"))
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// All values since the last mark.
    fn since_mark(&mut self) -> Result<Vec<Id>, Fault> {
        match self.marks.pop() {
            Some(mark) => Ok(self.stack.split_off(mark)),
            None => Err(self.fault("no mark on the stack", "one")),
        }
    }

    fn pairs(&self, items: Vec<Id>) -> Result<Vec<(Id, Id)>, Fault> {
        match items.as_chunks() {
            (pairs, []) => Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()),
            _ => Err(self.fault("a key without a value", "pairs")),
        }
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), Fault> {
        let top = self.top()?;
        match &mut self.objects[top] {
            Object::List(list) => list.extend(items),
            _ => return Err(self.fault("values for what is no list", "a list")),
        }
        Ok(())
    }

    fn set_items(&mut self, pairs: Vec<(Id, Id)>) -> Result<(), Fault> {
        let top = self.top()?;
        match &mut self.objects[top] {
            Object::Dict(dict) => dict.extend(pairs),
            _ => return Err(self.fault("entries for what is no dictionary", "a dictionary")),
        }
        Ok(())
    }

    /// A class or function by its name. Anything but plain data is refused here, before anything could be done with it.
    fn name(&mut self, name: &str) -> Result<(), Fault> {
        let known = match name {
            "collections.OrderedDict" => Some(Name::Dict),
            "torch.Size" => Some(Name::Size),
            "torch._utils._rebuild_tensor_v2" => Some(Name::Tensor),
            "torch._utils._rebuild_tensor_v3" => Some(Name::TensorOfType),
            "torch._utils._rebuild_parameter" => Some(Name::Parameter),
            "torch.storage.UntypedStorage" | "torch.UntypedStorage" => Some(Name::Storage(None)),
            _ => name.strip_prefix("torch.").and_then(|name| {
                let class = Element::of_storage(name).map(|element| Name::Storage(Some(element)));
                class.or_else(|| Element::of_dtype(name).map(Name::Type))
            }),
        };
        let known = known.ok_or_else(|| self.fault(format!("the class or function `{name}`"), PLAIN))?;
        self.push(Object::Name(known));
        Ok(())
    }

    /// A call, of one of the few names that make data.
    fn reduce(&mut self) -> Result<(), Fault> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Object::Tuple(arguments) = &self.objects[arguments] else {
            return Err(self.fault("a call without a tuple", "a tuple of arguments"));
        };
        let made = match (&self.objects[callee], &arguments[..]) {
            (Object::Name(Name::Dict), []) => Object::Dict(vec![]),
            (Object::Name(Name::Tensor), &[storage, offset, shape, strides, _, _, ..]) => {
                self.tensor(storage, [offset, shape, strides], None)?
            }
            (Object::Name(Name::TensorOfType), &[storage, offset, shape, strides, _, _, element, ..]) => {
                self.tensor(storage, [offset, shape, strides], Some(element))?
            }
            // A tuple and a tensor by other names.
            (Object::Name(Name::Size), &[same]) if matches!(self.objects[same], Object::Tuple(_)) => {
                self.stack.push(same);
                return Ok(());
            }
            (Object::Name(Name::Parameter), &[same, _, _])
                if matches!(self.objects[same], Object::Tensor(..)) =>
            {
                self.stack.push(same);
                return Ok(());
            }
            _ => return Err(self.fault("a call of something else", PLAIN)),
        };
        self.push(made);
        Ok(())
    }

    fn tensor(&self, storage: Id, of: [Id; 3], element: Option<Id>) -> Result<Object, Fault> {
        let Object::Storage(storage) = &self.objects[storage] else {
            return Err(self.fault("a tensor without a storage", "a storage"));
        };
        let named = match element.map(|id| &self.objects[id]) {
            Some(Object::Name(Name::Type(element))) => Some(*element),
            _ => storage.element,
        };
        let Some(element) = named else {
            return Err(self.fault("a tensor of no type", "a dtype of numbers"));
        };
        let [offset, shape, strides] = of;
        let view = View {
            storage: storage.clone(),
            element,
            offset: self.integer(offset)?,
            shape: self.integers(shape)?,
            strides: self.integers(strides)?,
        };
        let (shape, data) = self.storages.tensor(&view)?;
        Ok(Object::Tensor(shape, data))
    }

    /// A storage by its persistent id, `("storage", class, key, device, length)`.
    fn storage(&mut self) -> Result<(), Fault> {
        let id = self.pop()?;
        let expected = "(\"storage\", class, key, device, length)";
        let Object::Tuple(parts) = &self.objects[id] else { return Err(self.fault("another id", expected)) };
        let &[kind, class, key, _, length] = &parts[..] else {
            return Err(self.fault("another id", expected));
        };
        let Object::Name(Name::Storage(element)) = self.objects[class] else {
            return Err(self.fault("a storage of another class", expected));
        };
        let (kind, key, length) = (self.text(kind)?, self.text(key)?, self.integer(length)?);
        let (true, Ok(length)) = (kind == "storage" && key.len() <= KEY, u64::try_from(length)) else {
            return Err(self.fault(format!("`{kind}` of {length} elements"), expected));
        };
        let key = key.to_owned();
        self.push(Object::Storage(Storage { element, key, length }));
        Ok(())
    }

    fn text(&self, id: Id) -> Result<&str, Fault> {
        match &self.objects[id] {
            Object::Plain(Value::Text(text)) => Ok(text),
            _ => Err(self.fault("another value", "a text")),
        }
    }

    fn integer(&self, id: Id) -> Result<i64, Fault> {
        match self.objects[id] {
            Object::Plain(Value::Int(x)) => Ok(x),
            _ => Err(self.fault("another value", "an integer")),
        }
    }

    fn integers(&self, id: Id) -> Result<Vec<i64>, Fault> {
        match &self.objects[id] {
            Object::Tuple(items) | Object::List(items) if items.len() <= AXES => {
                items.iter().map(|&item| self.integer(item)).collect()
            }
            _ => Err(self.fault("another value", "a tuple of a few integers")),
        }
    }

    /// The object as a tree.
    fn value(&self, id: Id, level: usize, left: &mut usize) -> Result<Value, Fault> {
        let field = "data.pkl";
        if level > LEVELS {
            let found = format!("values within values, more than {LEVELS} levels deep");
            return Err(Fault::new(field, found, "fewer levels"));
        }
        *left = left
            .checked_sub(1)
            .ok_or_else(|| Fault::new(field, "values that stand in too many places", "a tree"))?;
        let mut inner = |id: &Id| self.value(*id, level + 1, left);
        Ok(match &self.objects[id] {
            Object::Plain(value) => {
                if let Value::Text(text) = value {
                    self.storages.spend(field, text.len() as u64)?;
                }
                value.clone()
            }
            Object::List(items) => Value::List(items.iter().map(inner).collect::<Result<_, _>>()?),
            Object::Tuple(items) => Value::Tuple(items.iter().map(inner).collect::<Result<_, _>>()?),
            Object::Dict(entries) => {
                let entry = |(key, value): &(Id, Id)| Ok((inner(key)?, inner(value)?));
                Value::Dict(entries.iter().map(entry).collect::<Result<_, _>>()?)
            }
            Object::Tensor(shape, data) => {
                self.storages.spend(field, 8 * data.len() as u64)?;
                Value::Tensor { shape: shape.clone(), data: data.clone() }
            }
            Object::Storage(_) => return Err(Fault::new(field, "a storage", PLAIN)),
            Object::Name(Name::Type(element)) => Value::Text(format!("torch.{}", element.name())),
            Object::Name(_) => return Err(Fault::new(field, "a class or function", PLAIN)),
        })
    }
}

/// What a file may hold.
const PLAIN: &str = "tensors, numbers, texts, lists and dictionaries alone; for a model, save `model.state_dict()`, not the model";
