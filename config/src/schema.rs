//! The JSON Schema of a file, written from the same table of fields that checks it, so that the two cannot drift.

use std::fmt::Write;

use crate::draft::{Kind, Shape, Words};

/// The schema (draft 2020-12) of a file of this shape.
pub(crate) fn of(shape: &Shape, title: &str) -> String {
    let mut out = String::from("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":");
    quote(&mut out, title);
    out.push(',');
    table(&mut out, shape);
    out.push_str("}\n");
    out
}

/// The members of an object schema, without its braces.
fn table(out: &mut String, shape: &Shape) {
    out.push_str("\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (n, field) in shape.fields.iter().enumerate() {
        comma(out, n);
        quote(out, field.name);
        out.push_str(":{\"description\":");
        quote(out, field.doc);
        out.push(',');
        value(out, &field.kind);
        out.push('}');
    }
    out.push_str("},\"required\":[");
    for (n, field) in shape.fields.iter().filter(|f| f.required).enumerate() {
        comma(out, n);
        quote(out, field.name);
    }
    out.push(']');
}

/// The members of the schema of a value, without its braces.
fn value(out: &mut String, kind: &Kind) {
    match kind {
        Kind::Text | Kind::Format(_) => out.push_str("\"type\":\"string\",\"minLength\":1"),
        Kind::Id => out.push_str("\"type\":\"string\",\"minLength\":1,\"maxLength\":64"),
        Kind::Flag => out.push_str("\"type\":\"boolean\""),
        Kind::Count { min, max } => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\"type\":\"integer\",\"minimum\":{min}");
            if *max != u64::MAX {
                let _ = write!(out, ",\"maximum\":{max}");
            }
        }
        Kind::Version(version) => {
            let _ = write!(out, "\"const\":{version}");
        }
        Kind::Word(words) => one_of(out, words),
        Kind::List { of, may_be_empty } => {
            out.push_str("\"type\":\"array\",\"items\":{");
            value(out, of);
            out.push_str(if *may_be_empty { "}" } else { "},\"minItems\":1" });
        }
        Kind::Table(shape) => table(out, shape),
        Kind::Filled(shape) => {
            table(out, shape);
            out.push_str(",\"minProperties\":1");
        }
        Kind::Tables(shape) => {
            out.push_str("\"type\":\"array\",\"items\":{");
            table(out, shape);
            out.push('}');
        }
        Kind::Map { keys, of } => {
            out.push_str("\"type\":\"object\",\"additionalProperties\":{");
            value(out, of);
            out.push('}');
            if let Some(words) = keys {
                out.push_str(",\"minProperties\":1,\"propertyNames\":{");
                one_of(out, words);
                out.push('}');
            }
        }
    }
}

fn one_of(out: &mut String, words: &Words) {
    out.push_str("\"enum\":[");
    for (n, word) in words.all.iter().enumerate() {
        comma(out, n);
        quote(out, word);
    }
    out.push(']');
}

fn comma(out: &mut String, n: usize) {
    if n > 0 {
        out.push(',');
    }
}

/// Names and sentences of ours: only quotes and backslashes need care.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
