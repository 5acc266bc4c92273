//! Text whose lines end in carriage returns alone, as spreadsheets still save it for old Macintoshes: it is read as if line
//! feeds stood there, byte for byte in their place.

use super::Stream;
use crate::inquiry::Inquiry;
use crate::sniff::Head;

struct Returns {
    stream: Box<dyn Stream>,
    block: Vec<u8>,
}

/// A stream that knows no line ends but line feeds, for a text with this beginning.
pub(super) fn read(head: &Head<'_>, stream: Box<dyn Stream>) -> Box<dyn Stream> {
    if head.line_end() == b'\n' { stream } else { Box::new(Returns { stream, block: Vec::new() }) }
}

impl Stream for Returns {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.block.clear();
        self.block.extend(bytes.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }));
        self.stream.block(&self.block, at, inquiry);
    }

    fn finish(self: Box<Self>, inquiry: &mut Inquiry) {
        self.stream.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits, Source, Spliced};

    #[test]
    fn tables_are_those_that_line_feeds_would_make() {
        let row = |n: u32| format!("Nguyễn Văn An,79123456{n},x\n");
        let list = format!("Họ và tên,Mã số BHXH,Ghi chú\n{}", (10..40).map(row).collect::<String>());
        // Names of thousands of rows reach beyond the first block.
        let long = format!("{list}{}", "Nguyễn Văn An,,x\n".repeat(5_000)) + &row(50);
        for (text, found) in [(list, 30), (long, 31)] {
            for (name, delimiter) in [("a.csv", ","), ("a.csv", ";"), ("a.txt", "\t"), ("a.txt", "|")] {
                let text = text.replace(',', delimiter);
                let told = |text: &str| {
                    let bytes = std::sync::Arc::new(text.as_bytes().to_vec());
                    let hint = Hint { name: Some(name.to_owned()), content_type: None };
                    let inspected = Inspector::new(Limits::default(), 2026).inspect(hint, &*bytes);
                    let splices = inspected.redact(&[DetectorId::Bhxh], &*bytes).expect("it stands as it is");
                    let (spliced, mut masked) = (Spliced::new(bytes.clone(), splices), vec![0; bytes.len()]);
                    let mut at = 0;
                    while let n @ 1.. = spliced.read_at(at as u64, &mut masked[at..]).expect("memory") {
                        at += n;
                    }
                    let inspection = inspected.inspection;
                    let counts = (inspection.distinct(DetectorId::Bhxh), inspection.persons, inspection.opaque.len());
                    (counts, masked)
                };
                let (counts, masked) = told(&text);
                assert_eq!(counts.0, found, "{name} {delimiter}");
                let masked = String::from_utf8(masked).expect("text").replace('\n', "\r");
                assert_eq!(told(&text.replace('\n', "\r")), (counts, masked.into_bytes()), "{name} {delimiter}");
            }
        }
    }
}
