//! Thrift's compact protocol, in which Parquet writes what it says of itself: any structure, as far as it is bounded.

/// A value. Booleans are numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    List(Vec<Self>),
    Struct(Vec<(i16, Self)>),
    /// Floating-point numbers and maps, which nothing here needs.
    Other,
}

impl<'a> Value<'a> {
    /// A field of a structure.
    pub(super) fn field(&self, id: i16) -> Option<&Self> {
        let Self::Struct(fields) = self else { return None };
        fields.iter().find(|(number, _)| *number == id).map(|(_, value)| value)
    }

    pub(super) fn number(&self, id: i16) -> Option<i64> {
        match self.field(id)? {
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    pub(super) fn size(&self, id: i16) -> Option<usize> {
        usize::try_from(self.number(id)?).ok()
    }

    pub(super) fn text(&self, id: i16) -> Option<String> {
        match self.field(id)? {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }

    pub(super) fn list(&self, id: i16) -> &[Self] {
        match self.field(id) {
            Some(Self::List(values)) => values,
            _ => &[],
        }
    }
}

/// Structures within each other, and values of all of them.
const DEPTH_MAX: u32 = 16;
const VALUES_MAX: usize = 1 << 20;

/// Reads the structure at the beginning of some bytes: what it says, and how many bytes it takes.
pub(super) fn structure(bytes: &[u8]) -> Option<(Value<'_>, usize)> {
    let mut reader = Reader { bytes, at: 0, values: 0 };
    let value = reader.structure(0)?;
    Some((value, reader.at))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let (value, len) = super::varint(self.bytes.get(self.at..)?)?;
        self.at += len;
        Some(value)
    }

    /// Numbers near zero are short, below it too.
    fn zigzag(&mut self) -> Option<i64> {
        let n = self.varint()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    fn structure(&mut self, depth: u32) -> Option<Value<'a>> {
        let (mut fields, mut id) = (Vec::new(), 0i16);
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(Value::Struct(fields));
            }
            id = match head >> 4 {
                0 => i16::try_from(self.zigzag()?).ok()?,
                by => id.checked_add(i16::from(by))?,
            };
            let value = match head & 0xf {
                1 => Value::Number(1),
                2 => Value::Number(0),
                kind => self.value(kind, depth)?,
            };
            fields.push((id, value));
        }
    }

    fn value(&mut self, kind: u8, depth: u32) -> Option<Value<'a>> {
        self.values += 1;
        if self.values > VALUES_MAX || depth > DEPTH_MAX {
            return None;
        }
        Some(match kind {
            // Booleans and bytes, where they are members of a list.
            1..=3 => Value::Number(i64::from(self.byte()?)),
            4..=6 => Value::Number(self.zigzag()?),
            7 => {
                self.at = self.at.checked_add(8)?;
                Value::Other
            }
            8 => {
                let len = usize::try_from(self.varint()?).ok()?;
                let bytes = self.bytes.get(self.at..)?.get(..len)?;
                self.at += len;
                Value::Bytes(bytes)
            }
            9 | 10 => {
                let head = self.byte()?;
                let len = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                let mut list = Vec::new();
                for _ in 0..len {
                    list.push(self.value(head & 0xf, depth + 1)?);
                }
                Value::List(list)
            }
            11 => {
                let len = self.varint()?;
                let kinds = if len > 0 { self.byte()? } else { 0 };
                for _ in 0..len {
                    self.value(kinds >> 4, depth + 1)?;
                    self.value(kinds & 0xf, depth + 1)?;
                }
                Value::Other
            }
            12 => self.structure(depth + 1)?,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_read_and_bounded() {
        // Field 1: -1; field 3: "ab"; field 4: a list of two structures; field 20, said at length: true.
        let bytes = b"\x15\x01\x28\x02ab\x19\x2c\x15\x04\x00\x00\x01\x28\x00rest";
        let (value, len) = structure(bytes).expect("sound");
        assert_eq!((value.number(1), value.text(3), len), (Some(-1), Some("ab".to_owned()), bytes.len() - 4));
        assert_eq!(value.list(4).len(), 2);
        assert_eq!((value.list(4)[0].number(1), value.number(20)), (Some(2), Some(1)));
        assert!(structure(&[0x1c; 100]).is_none(), "deep");
        assert!(structure(b"\x19\xf5\xff\xff\xff\x7f\x00").is_none(), "long");
        for len in 0..bytes.len() - 4 {
            assert!(structure(&bytes[..len]).is_none(), "{len}");
        }
    }
}
