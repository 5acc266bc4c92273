//! Ordinary work, from which the compiler learns which branches are taken (`scripts/release`): files like those a gateway
//! reads all day. The kinds are those of the benchmarks, the seeds are others.
//!
//! `training write FOLDER` makes them, `training read FOLDER…` reads all files there as a gateway and its workers do.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use chot_benches::Random;
use chot_benches::corpora::{KINDS, office};
use chot_benches::passes;
use chot_benches::pictures::{bitmap, broken_codes, cloth, squares};
use chot_inspect::{Hint, Inspector, Limits};
use flate2::Compression;
use flate2::write::GzEncoder;

const SEED: u64 = 20_261_122;
const TEXT_BYTES: usize = 4 << 20;
const PEOPLE: usize = 30_000;
const FEW: usize = 1_000;

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.split_first() {
        Some((what, [folder])) if what == "write" => write(Path::new(folder)),
        Some((what, folders)) if what == "read" => folders.iter().try_for_each(|folder| read(Path::new(folder))),
        _ => Err(io::Error::other("training write FOLDER | training read FOLDER…")),
    }
}

/// Reads every file of a folder, print in pictures apart, which is another program's work; and its text for identifiers
/// only, as a policy may ask.
fn read(folder: &Path) -> io::Result<()> {
    let core = passes::core();
    let inspector = Inspector::new(Limits { print_time_max: Duration::ZERO, ..Limits::default() }, 2026);
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if path.is_file() {
            let bytes = std::fs::read(&path)?;
            passes::identifiers(&core, &bytes);
            inspector.inspect(Hint { name, content_type: None }, &bytes);
        }
    }
    Ok(())
}

fn write(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes);
    for kind in KINDS {
        write(&format!("{}.txt", kind.name), &kind.make(SEED, TEXT_BYTES).bytes)?;
    }
    let rows = office::register(PEOPLE, SEED);
    let (workbook, list) = (office::workbook(&rows), office::list(&rows));
    write("register.xlsx", &workbook)?;
    write("register.docx", &office::document(&rows))?;
    write("register.csv", &list)?;
    // Few enough for an office suite to turn into its other formats.
    let few = office::register(FEW, SEED);
    write("few.csv", &office::list(&few))?;
    write("few.html", page(&few).as_bytes())?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&list)?;
    write("register.csv.gz", &packed.finish()?)?;
    write("mail.eml", &mail(&list))?;
    let mut random = Random(SEED);
    write("noise.bmp", &bitmap(|_| random.word() as u8))?;
    write("cloth.bmp", &bitmap(cloth))?;
    write("squares.bmp", &bitmap(squares(8)))?;
    write("codes.bmp", &bitmap(broken_codes(8, &mut random)))
}

fn page(rows: &[[String; 8]]) -> String {
    let cells = |row: &[String; 8]| row.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>();
    let rows = rows.iter().map(|row| format!("<tr>{}</tr>\n", cells(row))).collect::<String>();
    format!("<html><head><meta charset=\"utf-8\"></head><body><table>\n{rows}</table></body></html>\n")
}

/// A mail with a file, in the encoding of files in mails.
fn mail(file: &[u8]) -> Vec<u8> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const LINE: usize = 57;
    let mut mail = b"From: a@example.vn\r\nTo: b@example.org\r\nSubject: ds\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/csv; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    for line in file.chunks(LINE) {
        for three in line.chunks(3) {
            let bits = three.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - three.len()));
            let sign = |n: usize| if n > three.len() { b'=' } else { SIGNS[(bits >> (18 - 6 * n)) as usize & 63] };
            mail.extend((0..4).map(sign));
        }
        mail.extend(b"\r\n");
    }
    mail
}
