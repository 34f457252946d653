//! The numbers of a file of PyTorch: storages, and tensors as views of them.

use crate::archive::Archive;
use crate::error::Fault;
use crate::kind::Kind;
use crate::layout::strided;
use autograd::{Data, Shape};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The storages of an archive, each decoded once.
pub(super) struct Storages<'a> {
    archive: &'a Archive<'a>,
    folder: &'a str,
    big_endian: bool,
    decoded: RefCell<HashMap<(String, &'static str), Rc<Data>>>,
}

/// A storage as the pickle names it.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    /// The type of its elements; of a storage of bytes the tensor says it.
    pub(super) element: Option<Element>,
    pub(super) key: String,
    /// Its elements, or bytes.
    pub(super) length: u64,
}

/// An element type, by the name that PyTorch has for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Element {
    name: &'static str,
    kind: Kind,
}

/// The types of storages and of tensors: by the name of the class, and by that of the dtype.
const ELEMENTS: &[(&str, Element)] = &[
    ("DoubleStorage", Element { name: "float64", kind: Kind::F64 }),
    ("FloatStorage", Element { name: "float32", kind: Kind::F32 }),
    ("HalfStorage", Element { name: "float16", kind: Kind::F16 }),
    ("BFloat16Storage", Element { name: "bfloat16", kind: Kind::Bf16 }),
    ("", Element { name: "float8_e4m3fn", kind: Kind::F8E4M3 }),
    ("", Element { name: "float8_e5m2", kind: Kind::F8E5M2 }),
    ("LongStorage", Element { name: "int64", kind: Kind::I64 }),
    ("IntStorage", Element { name: "int32", kind: Kind::I32 }),
    ("ShortStorage", Element { name: "int16", kind: Kind::I16 }),
    ("CharStorage", Element { name: "int8", kind: Kind::I8 }),
    ("", Element { name: "uint64", kind: Kind::U64 }),
    ("", Element { name: "uint32", kind: Kind::U32 }),
    ("", Element { name: "uint16", kind: Kind::U16 }),
    ("ByteStorage", Element { name: "uint8", kind: Kind::U8 }),
    ("BoolStorage", Element { name: "bool", kind: Kind::Bool }),
];

impl Element {
    pub(super) fn of_storage(class: &str) -> Option<Element> {
        ELEMENTS.iter().find(|(known, _)| *known == class && !class.is_empty()).map(|&(_, element)| element)
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn of_dtype(name: &str) -> Option<Element> {
        ELEMENTS.iter().find(|(_, element)| element.name == name).map(|&(_, element)| element)
    }

    /// The class of storages of a dtype that is written.
    pub(super) fn class(kind: Kind) -> &'static str {
        let found = ELEMENTS.iter().find(|(_, element)| element.kind == kind);
        found.expect("every dtype has a class").0
    }
}

/// A tensor as the pickle describes it.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) storage: Storage,
    pub(super) element: Element,
    pub(super) offset: i64,
    pub(super) shape: Vec<i64>,
    pub(super) strides: Vec<i64>,
}

impl<'a> Storages<'a> {
    pub(super) fn new(archive: &'a Archive<'a>, folder: &'a str) -> Result<Storages<'a>, Fault> {
        let name = format!("{folder}byteorder");
        let order = if archive.names().any(|known| known == name) {
            archive.read(&name)?
        } else {
            // As before the entry was introduced.
            b"little".to_vec()
        };
        let big_endian = match &order[..] {
            b"little" => false,
            b"big" => true,
            other => return Err(Fault::new(name, String::from_utf8_lossy(other), "`little` or `big`")),
        };
        Ok(Storages { archive, folder, big_endian, decoded: RefCell::default() })
    }

    /// The numbers of a storage.
    fn numbers(&self, storage: &Storage, element: Element) -> Result<Rc<Data>, Fault> {
        let key = (storage.key.clone(), element.name);
        if let Some(known) = self.decoded.borrow().get(&key) {
            return Ok(known.clone());
        }
        let entry = format!("{}data/{}", self.folder, storage.key);
        let bytes = self.archive.read(&entry)?;
        let size = if storage.element.is_some() { element.kind.size() as u64 } else { 1 };
        let expected = storage.length.checked_mul(size);
        if expected != Some(bytes.len() as u64) || bytes.len() % element.kind.size() != 0 {
            let expected = format!("{} elements of {}", storage.length, element.name);
            return Err(Fault::new(entry, format!("{} bytes", bytes.len()), expected));
        }
        self.spend(&entry, 8 * (bytes.len() / element.kind.size()) as u64)?;
        let decoded = element.kind.decode(&bytes, self.big_endian);
        let data = Rc::new(decoded.map_err(|[found, expected]| Fault::new(entry, found, expected))?);
        self.decoded.borrow_mut().insert(key, data.clone());
        Ok(data)
    }

    /// What a view shows.
    pub(super) fn tensor(&self, view: &View) -> Result<(Shape, Data), Fault> {
        let entry = format!("data/{}", view.storage.key);
        let numbers = self.numbers(&view.storage, view.element)?;
        let lengths = |of: &[i64]| of.iter().map(|&n| usize::try_from(n).ok()).collect::<Option<Vec<_>>>();
        let parts = (usize::try_from(view.offset).ok(), lengths(&view.shape), lengths(&view.strides));
        let (Some(offset), Some(shape), Some(strides)) = parts else {
            let found = format!("offset {}, shape {:?}, strides {:?}", view.offset, view.shape, view.strides);
            return Err(Fault::new(entry, found, "no negative numbers"));
        };
        let shape = Shape::from(shape);
        let elements = shape.checked_elements().filter(|_| strides.len() == shape.len());
        let last = shape.iter().zip(&strides).try_fold(offset, |last, (&length, &stride)| {
            last.checked_add(length.saturating_sub(1).checked_mul(stride)?)
        });
        match (elements, last) {
            (Some(0), _) => {}
            (Some(n), Some(last)) if last < numbers.len() => self.spend(&entry, 8 * n as u64)?,
            _ => {
                let found = format!("a view of it, {shape} at {offset} with strides {strides:?}");
                return Err(Fault::new(
                    entry,
                    found,
                    format!("places within its {} elements", numbers.len()),
                ));
            }
        }
        // The strides of an empty tensor lead nowhere, and may be anything.
        let strides = if elements == Some(0) { vec![0; shape.len()] } else { strides };
        let data = strided(&numbers, offset, &shape, &strides);
        Ok((shape, data))
    }

    /// Counts bytes that are copied on the word of the pickle.
    pub(super) fn spend(&self, field: &str, bytes: u64) -> Result<(), Fault> {
        self.archive.spend(field, bytes)
    }
}
