//! The lines of `chot scan`: one JSON object each (a contract), or words for people.

use std::io::{self, Write};

use chot_inspect::Inspector;
use chot_model::{Confidence, DetectorId, Finding, Inspection};
use serde::Serialize;

/// Findings of one file that people are shown; `--json` has them all.
const SHOWN_MAX: usize = 10;

/// How lines are printed.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) json: bool,
    pub(super) reveal: bool,
}

/// One line.
pub(super) enum Line {
    Finding { file: String, part: String, masked_part: String, finding: Finding },
    File { file: String, inspection: Box<Inspection> },
    Error { file: String, message: String },
}

/// The contract's lines, fields in its order.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Json<'a> {
    Finding {
        file: &'a str,
        part: &'a str,
        detector: &'a str,
        confidence: &'a str,
        start: u64,
        end: u64,
        masked: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<&'a str>,
    },
    File {
        file: &'a str,
        media_type: &'a str,
        bytes: u64,
        bytes_inspected: u64,
        persons: u64,
        bulk: bool,
        opaque: Vec<Opaque<'a>>,
        elapsed_us: u64,
    },
    Error {
        file: &'a str,
        message: &'a str,
    },
}

/// A part that could not be understood, as `scan` and `policy explain` print it.
#[derive(Serialize)]
pub(crate) struct Opaque<'a> {
    part: &'a str,
    reason: &'a str,
}

/// All opaque parts of an inspection.
pub(crate) fn opaque(inspection: &Inspection) -> Vec<Opaque<'_>> {
    inspection.opaque.iter().map(|o| Opaque { part: o.part.as_str(), reason: o.reason.id() }).collect()
}

impl Line {
    pub(super) fn finding(file: &str, finding: Finding, inspector: &Inspector) -> Self {
        let part = finding.part.to_string();
        // Parts are cells and members mostly; a member may be named after a person.
        let masked_part = if part.is_empty() { String::new() } else { inspector.mask(&part).to_string() };
        Self::Finding { file: file.to_owned(), part, masked_part, finding }
    }

    pub(super) fn file(file: &str, inspection: Inspection) -> Self {
        Self::File { file: file.to_owned(), inspection: Box::new(inspection) }
    }

    /// Whether this line makes the exit status 1.
    pub(super) fn is_found(&self) -> bool {
        matches!(self, Self::Finding { finding, .. }
            if finding.confidence >= Confidence::Medium && finding.detector != DetectorId::Dossier)
    }

    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Error { .. })
    }

    /// Prints the line. `shown` counts the findings of this file so far.
    pub(super) fn print(&self, style: Style, shown: &mut usize, out: &mut dyn Write) -> io::Result<()> {
        if style.json {
            serde_json::to_writer(&mut *out, &self.json(style))?;
            return writeln!(out);
        }
        self.print_for_people(style, shown, out)
    }

    fn json(&self, style: Style) -> Json<'_> {
        match self {
            Self::Finding { file, part, masked_part, finding } => Json::Finding {
                file,
                part: if style.reveal { part } else { masked_part },
                detector: finding.detector.id(),
                confidence: finding.confidence.id(),
                start: finding.range.start,
                end: finding.range.end,
                masked: finding.value.masked().to_string(),
                value: style.reveal.then(|| finding.value.reveal()),
            },
            Self::File { file, inspection } => Json::File {
                file,
                media_type: &inspection.object.media_type,
                bytes: inspection.object.bytes,
                bytes_inspected: inspection.object.bytes_inspected,
                persons: inspection.persons,
                bulk: inspection.bulk,
                opaque: opaque(inspection),
                elapsed_us: inspection.elapsed_us,
            },
            Self::Error { file, message } => Json::Error { file, message },
        }
    }

    fn print_for_people(&self, style: Style, shown: &mut usize, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Finding { file: _, part, masked_part, finding } => {
                *shown += 1;
                if *shown > SHOWN_MAX {
                    return Ok(());
                }
                let masked = finding.value.masked();
                let value = if style.reveal { finding.value.reveal() } else { masked.as_str() };
                let part = if style.reveal { part } else { masked_part };
                writeln!(out, "  {:<8} {:<6} {value}  {part}", finding.detector, finding.confidence)
            }
            Self::File { file, inspection } => {
                if *shown > SHOWN_MAX {
                    writeln!(out, "  … còn {0} nữa · {0} more", *shown - SHOWN_MAX)?;
                }
                write!(out, "{file}: ")?;
                match (*shown, inspection.persons) {
                    (0, _) => write!(out, "không thấy gì · nothing found")?,
                    (n, persons) => write!(out, "{n} chỗ · findings, {persons} người · people")?,
                }
                if inspection.bulk {
                    write!(out, ", hàng loạt · bulk")?;
                }
                for part in &inspection.opaque {
                    write!(out, ", không đọc được · unreadable: {} ({})", part.part, part.reason)?;
                }
                writeln!(out)
            }
            Self::Error { file, message } => writeln!(out, "{file}: lỗi · error: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chot_model::{Masked, OpaqueReason, Secret};

    use super::*;

    fn printed(line: &Line, json: bool, reveal: bool) -> String {
        let mut out = Vec::new();
        line.print(Style { json, reveal }, &mut 0, &mut out).expect("printed");
        String::from_utf8(out).expect("text")
    }

    fn a_finding(detector: DetectorId, confidence: Confidence) -> Line {
        let finding = Finding {
            detector,
            part: Arc::from("list.xlsx/Sheet1!C2"),
            range: 12..24,
            confidence,
            value: Secret::new("001090123456"),
            disguise: None,
        };
        let part = finding.part.to_string();
        Line::Finding { file: "in/a.zip".to_owned(), masked_part: part.clone(), part, finding }
    }

    #[test]
    fn a_finding_line_is_the_contract() {
        let line = a_finding(DetectorId::Cccd, Confidence::High);
        assert_eq!(
            printed(&line, true, true),
            concat!(
                r#"{"type":"finding","file":"in/a.zip","part":"list.xlsx/Sheet1!C2","detector":"cccd","#,
                r#""confidence":"high","start":12,"end":24,"masked":"•••••••••456","value":"001090123456"}"#,
                "\n"
            )
        );
        assert!(!printed(&line, true, false).contains("001090123456"));
        assert!(!printed(&line, false, false).contains("001090123456"));
        assert!(printed(&line, false, true).contains("001090123456"));
    }

    #[test]
    fn a_file_line_is_the_contract() {
        let mut inspection = Inspection { persons: 120, bulk: true, elapsed_us: 812, ..Inspection::default() };
        inspection.object.media_type = "application/zip".to_owned();
        (inspection.object.bytes, inspection.object.bytes_inspected) = (20480, 20480);
        inspection.add_opaque(Masked::danger_assume_masked("b.zip"), OpaqueReason::Encrypted);
        assert_eq!(
            printed(&Line::file("in/a.zip", inspection), true, false),
            concat!(
                r#"{"type":"file","file":"in/a.zip","media_type":"application/zip","bytes":20480,"#,
                r#""bytes_inspected":20480,"persons":120,"bulk":true,"#,
                r#""opaque":[{"part":"b.zip","reason":"encrypted"}],"elapsed_us":812}"#,
                "\n"
            )
        );
    }

    #[test]
    fn low_findings_and_dossier_numbers_do_not_count() {
        for (detector, confidence, counts) in [
            (DetectorId::Cccd, Confidence::Low, false),
            (DetectorId::Cccd, Confidence::Medium, true),
            (DetectorId::Dossier, Confidence::High, false),
            (DetectorId::Phone, Confidence::High, true),
        ] {
            assert_eq!(a_finding(detector, confidence).is_found(), counts, "{detector} {confidence}");
        }
    }
}
