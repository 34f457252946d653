//! The instructions of pickles, read one after the other. Source: Python, `pickletools`.

use crate::error::Fault;

/// An instruction with its argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Instruction<'p> {
    /// What changes nothing: the protocol, the length of a frame.
    Note,
    Mark,
    Stop,
    Pop,
    PopMark,
    Dup,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'p str),
    EmptyList,
    EmptyTuple,
    EmptyDict,
    /// Of so many values on the stack.
    TupleOf(usize),
    TupleFromMark,
    ListFromMark,
    DictFromMark,
    Append,
    AppendsFromMark,
    SetItem,
    SetItemsFromMark,
    /// Remembers the top of the stack by a number, or by the next one.
    Put(Option<u32>),
    Get(u32),
    /// A module and a name in it.
    Global(&'p str, &'p str),
    GlobalFromStack,
    Reduce,
    Build,
    PersistentId,
    /// What makes an object of a class.
    NewObject,
}

/// What messages call a place in the program.
pub(super) fn place(at: usize) -> String {
    format!("data.pkl, byte {at}")
}

/// The instructions of a program.
pub(super) struct Instructions<'p> {
    program: &'p [u8],
    at: usize,
}

impl<'p> Instructions<'p> {
    pub(super) fn new(program: &'p [u8]) -> Instructions<'p> {
        Instructions { program, at: 0 }
    }

    /// Where the next one stands.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    #[cold]
    fn fault(&self, found: impl std::fmt::Display, expected: &str) -> Fault {
        Fault::new(place(self.at), found, expected)
    }

    fn take(&mut self, n: usize) -> Result<&'p [u8], Fault> {
        let taken = self.program[self.at..].get(..n);
        let taken =
            taken.ok_or_else(|| self.fault("the end of the pickle", &format!("another {n} bytes")))?;
        self.at += n;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        Ok(self.take(N)?.try_into().expect("so many were taken"))
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A text of so many bytes.
    fn text(&mut self, length: u64) -> Result<&'p str, Fault> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.fault("other bytes", "text in UTF-8"))
    }

    /// A text up to the end of the line.
    fn line(&mut self) -> Result<&'p str, Fault> {
        let end = self.program[self.at..].iter().position(|&byte| byte == b'\n');
        let end = end.ok_or_else(|| self.fault("the end of the pickle", "the end of a line"))?;
        let line = self.text(end as u64)?;
        self.at += 1;
        Ok(line)
    }

    /// An integer of so many bytes, in two's complement.
    fn long(&mut self, length: usize) -> Result<i64, Fault> {
        let bytes = self.take(length)?;
        let mut wide = [if bytes.last().is_some_and(|&top| top >= 128) { 255 } else { 0 }; 8];
        match wide.get_mut(..length) {
            Some(low) => low.copy_from_slice(bytes),
            None => return Err(self.fault(format!("an integer of {length} bytes"), "one of 8 at most")),
        }
        Ok(i64::from_le_bytes(wide))
    }

    /// The next instruction.
    pub(super) fn next(&mut self) -> Result<Instruction<'p>, Fault> {
        use Instruction as I;
        let code = self.byte()?;
        Ok(match code {
            0x80 => match self.byte()? {
                2..=5 => I::Note,
                other => return Err(self.fault(format!("protocol {other}"), "2 to 5")),
            },
            0x95 => {
                self.array::<8>()?;
                I::Note
            }
            b'(' => I::Mark,
            b'.' => I::Stop,
            b'0' => I::Pop,
            b'1' => I::PopMark,
            b'2' => I::Dup,
            b'N' => I::None,
            0x88 => I::Bool(true),
            0x89 => I::Bool(false),
            b'J' => I::Int(i32::from_le_bytes(self.array()?).into()),
            b'K' => I::Int(self.byte()?.into()),
            b'M' => I::Int(u16::from_le_bytes(self.array()?).into()),
            0x8a => {
                let length = self.byte()?;
                I::Int(self.long(length.into())?)
            }
            0x8b => {
                let length = self.u32()?;
                I::Int(self.long(length as usize)?)
            }
            b'G' => I::Float(f64::from_be_bytes(self.array()?)),
            b'X' | b'T' => {
                let length = self.u32()?;
                I::Text(self.text(length.into())?)
            }
            0x8c | b'U' => {
                let length = self.byte()?;
                I::Text(self.text(length.into())?)
            }
            0x8d => {
                let length = u64::from_le_bytes(self.array()?);
                I::Text(self.text(length)?)
            }
            b']' => I::EmptyList,
            b')' => I::EmptyTuple,
            b'}' => I::EmptyDict,
            0x85 => I::TupleOf(1),
            0x86 => I::TupleOf(2),
            0x87 => I::TupleOf(3),
            b't' => I::TupleFromMark,
            b'l' => I::ListFromMark,
            b'd' => I::DictFromMark,
            b'a' => I::Append,
            b'e' => I::AppendsFromMark,
            b's' => I::SetItem,
            b'u' => I::SetItemsFromMark,
            b'q' => I::Put(Some(self.byte()?.into())),
            b'r' => I::Put(Some(self.u32()?)),
            0x94 => I::Put(None),
            b'h' => I::Get(self.byte()?.into()),
            b'j' => I::Get(self.u32()?),
            b'c' => I::Global(self.line()?, self.line()?),
            0x93 => I::GlobalFromStack,
            b'R' => I::Reduce,
            b'b' => I::Build,
            b'Q' => I::PersistentId,
            0x81 | 0x92 | b'o' => I::NewObject,
            other => {
                self.at -= 1;
                return Err(self.fault(format!("the instruction {other:#04x}"), "one that makes plain data"));
            }
        })
    }
}
