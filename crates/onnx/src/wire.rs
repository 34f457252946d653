//! Protocol buffers, written: a message is a list of numbered fields.
//!
//! ONNX needs four kinds of fields, and a writer of them is shorter than the file that a generator wants. Source: Protocol
//! Buffers, *Encoding*, <https://protobuf.dev/programming-guides/encoding>.

/// A message as it stands in a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn new() -> Message {
        Message::default()
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.0.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    fn key(&mut self, field: u32, wire: u64) {
        self.varint(u64::from(field) << 3 | wire);
    }

    /// A whole number; a negative one in two's complement.
    pub(crate) fn int(mut self, field: u32, x: i64) -> Message {
        self.key(field, 0);
        self.varint(x as u64);
        self
    }

    /// A number of single precision.
    pub(crate) fn float(mut self, field: u32, x: f32) -> Message {
        self.key(field, 5);
        self.0.extend(x.to_le_bytes());
        self
    }

    /// Bytes, or a text in UTF-8.
    pub(crate) fn bytes(mut self, field: u32, bytes: impl AsRef<[u8]>) -> Message {
        let bytes = bytes.as_ref();
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A message within.
    pub(crate) fn message(self, field: u32, inner: Message) -> Message {
        self.bytes(field, inner.0)
    }

    /// A field that repeats.
    pub(crate) fn each<T>(
        self,
        items: impl IntoIterator<Item = T>,
        add: impl FnMut(Message, T) -> Message,
    ) -> Message {
        items.into_iter().fold(self, add)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification, and the widest number.
    #[test]
    fn fields_are_those_of_the_specification() {
        assert_eq!(Message::new().int(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().bytes(2, "testing").into_bytes(), *b"\x12\x07testing");
        assert_eq!(
            Message::new().message(3, Message::new().int(1, 150)).into_bytes(),
            [0x1a, 0x03, 0x08, 0x96, 0x01]
        );
        assert_eq!(Message::new().float(2, 1.0).into_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        let minus_two = Message::new().int(1, -2).into_bytes();
        assert_eq!(minus_two, [&[0x08, 0xfe][..], &[0xff; 8], &[1]].concat());
    }
}
