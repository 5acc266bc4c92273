use chot_inspect::*;
use std::sync::{Arc, Mutex};
fn esc(s: &str) -> String {
    let mut o = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => o += "\\\"",
            '\\' => o += "\\\\",
            c if (c as u32) < 32 => o += &format!("\\u{:04x}", c as u32),
            c => o.push(c),
        }
    }
    o + "\""
}
fn walk(p: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    if p.is_dir() {
        for e in std::fs::read_dir(p).unwrap() {
            walk(&e.unwrap().path(), out);
        }
    } else {
        out.push(p.to_owned());
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut files = Vec::new();
    walk(std::path::Path::new(a.last().unwrap()), &mut files);
    files.sort();
    let inspector = Inspector::new(Limits::default(), 2026);
    for f in files {
        let bytes = std::fs::read(&f).unwrap();
        let found = Arc::new(Mutex::new(Vec::new()));
        let sink = found.clone();
        let hint = Hint { name: Some(f.file_name().unwrap().to_string_lossy().into_owned()), content_type: None };
        let i = inspector.inspect_with(hint, &bytes, Box::new(move |x| sink.lock().unwrap().push(x))).inspection;
        let name = esc(&f.to_string_lossy());
        for x in found.lock().unwrap().iter() {
            println!(
                "{{\"type\":\"finding\",\"file\":{name},\"part\":\"\",\"detector\":\"{}\",\"confidence\":\"{}\",\"start\":0,\"end\":0,\"masked\":\"\",\"value\":{}}}",
                x.detector,
                x.confidence,
                esc(x.value.reveal())
            );
        }
        let o: Vec<String> =
            i.opaque.iter().map(|o| format!("{{\"part\":\"\",\"reason\":\"{}\"}}", o.reason)).collect();
        println!(
            "{{\"type\":\"file\",\"file\":{name},\"media_type\":\"{}\",\"bytes\":{},\"bytes_inspected\":{},\"persons\":{},\"bulk\":{},\"opaque\":[{}],\"elapsed_us\":1}}",
            i.object.media_type,
            i.object.bytes,
            i.object.bytes_inspected,
            i.persons,
            i.bulk,
            o.join(",")
        );
    }
}
