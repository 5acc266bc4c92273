//! Where it is hidden: formats that bear text, and the places in each.

use crate::plant::Plant;
use crate::{Random, binary, office, tables, text};

/// A place in a format.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    /// Whether a register can stand there, as a table or as lines.
    pub(crate) running: bool,
    pub(crate) make: fn(&mut Random, &Plant) -> Vec<u8>,
}

pub(crate) const fn host(name: &'static str, running: bool, make: fn(&mut Random, &Plant) -> Vec<u8>) -> Host {
    Host { name, running, make }
}

/// Puts it into some place. In bytes that nobody understands no words are heard: there all numbers are told.
pub(crate) fn make(random: &mut Random, plant: &Plant, innocent: bool) -> (&'static str, Vec<u8>) {
    let all = [text::ALL, office::ALL, if innocent { &[] } else { binary::ALL }];
    let host = if plant.rows.is_some() && random.below(5) < 3 {
        random.pick(tables::ALL)
    } else {
        loop {
            let host = random.pick(random_of(&all, random.0));
            if host.running || plant.rows.is_none() {
                break host;
            }
        }
    };
    (host.name, (host.make)(random, plant))
}

/// One of the lists, each as likely as it is long.
fn random_of<'a>(all: &[&'a [Host]], seed: u64) -> &'a [Host] {
    let count = all.iter().map(|list| list.len()).sum();
    let mut at = Random(seed).below(count);
    for list in all {
        if at < list.len() {
            return list;
        }
        at -= list.len();
    }
    all[0]
}

/// Letters around it that say nothing.
pub(crate) fn filling(random: &mut Random) -> String {
    const SENTENCES: &[&str] = &[
        "Kính gửi quý đơn vị.",
        "Đề nghị anh chị kiểm tra lại giúp em trước giờ nghỉ trưa.",
        "Trân trọng cảm ơn.",
        "Nội dung cuộc họp tuần này gồm ba phần.",
        "Please find the figures below.",
    ];
    let times = *random.pick(&[0usize, 1, 2, 2, 40]);
    (0..times).map(|_| format!("{}\n", random.pick(SENTENCES))).collect()
}

/// For XML and HTML.
pub(crate) fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// For JSON, quotes included.
pub(crate) fn json(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

/// For addresses and forms.
pub(crate) fn percent(text: &str) -> String {
    let byte = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(byte).collect()
}
