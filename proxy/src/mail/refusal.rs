//! How a refused mail is told to its sender: a reply that the sender's program shows to a person.
//!
//! Vietnamese first, English second, the decision number first and last, because some programs show only the first
//! line and some only the last. No value that was found is told. Replies are ASCII unless the client asked for
//! SMTPUTF8 (RFC 6531 §3.7.4), so Vietnamese is written without its marks, as in telegrams and text messages.

use chot_model::Bilingual;

use super::reply::Reply;
use crate::gate::Told;

/// Longest text of one line. RFC 5321 §4.5.3.1.5 allows 512 octets with code and CR LF.
const LINE_CHARS_MAX: usize = 150;
/// Most reasons told.
const REASONS_MAX: usize = 3;

/// The 550 for a recorded refusal.
pub(super) fn reply(told: &Told, utf8: bool) -> Reply {
    let standard = Bilingual {
        vi: "Thư chứa dữ liệu không được gửi ra ngoài.".to_owned(),
        en: "The message holds data that may not be sent there.".to_owned(),
    };
    let message = told.verdict.message.as_ref().filter(|m| !m.vi.is_empty()).unwrap_or(&standard);
    let english = if message.en.is_empty() { &standard.en } else { &message.en };
    let contact = told.policy.contact().map(ToString::to_string);
    lines(&message.vi, english, &told.verdict.why, contact.as_deref(), &told.id.to_string(), utf8)
}

/// What is said of a mail that waits for a person. `refuses`: its sender shall not believe that it was sent.
pub(super) fn held(told: &Told, refuses: bool, utf8: bool) -> Reply {
    let (code, status) = if refuses { (550, "5.7.1") } else { (250, "2.6.0") };
    let lines = [
        format!("Thư được giữ lại chờ duyệt, mã quyết định {}", told.id),
        format!("Held for review, decision {}", told.id),
    ];
    let line =
        |line: &String| if utf8 { format!("{status} {line}") } else { format!("{status} {}", without_marks(line)) };
    Reply::of_lines(code, lines.iter().map(line).collect())
}

fn lines(vi: &str, en: &str, why: &[String], contact: Option<&str>, id: &str, utf8: bool) -> Reply {
    let mut text = vec![format!("Thư bị chặn, mã quyết định {id}: {vi}"), format!("Mail refused, decision {id}: {en}")];
    text.extend(why.iter().take(REASONS_MAX).map(|reason| format!("Reason: {reason}")));
    let contact = contact.unwrap_or("người quản trị / your administrator");
    text.push(format!("Hỏi / ask: {contact}; nêu mã / quote {id}"));
    let lines = text.iter().flat_map(|line| {
        let line = if utf8 { line.clone() } else { without_marks(line) };
        wrapped(&line).into_iter().map(|line| format!("5.7.1 {line}")).collect::<Vec<_>>()
    });
    Reply::of_lines(550, lines.collect())
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let word: String = word.chars().take(LINE_CHARS_MAX).collect();
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            *line = word;
        } else if line.chars().count() + 1 + word.chars().count() <= LINE_CHARS_MAX {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// Vietnamese letters and the letter that is left without marks.
const LETTERS: &[(char, &str)] = &[
    ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
    ('e', "èéẻẽẹêềếểễệ"),
    ('i', "ìíỉĩị"),
    ('o', "òóỏõọôồốổỗộơờớởỡợ"),
    ('u', "ùúủũụưừứửữự"),
    ('y', "ỳýỷỹỵ"),
    ('d', "đ"),
];

/// Vietnamese without marks, other letters as question marks.
fn without_marks(text: &str) -> String {
    let plain = |c: char| {
        let lower = c.to_lowercase().next().unwrap_or(c);
        let base = LETTERS.iter().find(|(_, letters)| letters.contains(lower)).map(|(base, _)| *base);
        base.map(|base| if c.is_lowercase() { base } else { base.to_ascii_uppercase() })
    };
    let is_combining = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    let ascii = |c: char| match c {
        _ if c.is_ascii() => c,
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '–' | '—' => '-',
        '•' => '*',
        _ => plain(c).unwrap_or('?'),
    };
    text.chars().filter(|c| !is_combining(*c)).map(ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_is_readable_without_marks() {
        for (text, plain) in [
            ("Không gửi số định danh, số BHXH, thẻ BHYT.", "Khong gui so dinh danh, so BHXH, the BHYT."),
            ("ĐƯỜNG Ưu Ỷ Ặ ẫ", "DUONG Uu Y A a"),
            ("Tie\u{302}\u{301}ng Vie\u{323}\u{302}t", "Tieng Viet"),
            ("“trích” – •••123", "\"trich\" - ***123"),
            ("ß", "?"),
        ] {
            assert_eq!(without_marks(text), plain);
        }
    }

    #[test]
    fn the_number_stands_first_and_last_and_lines_are_short() {
        let id = "018bcfe5-6800-7fff-bfff-ffffffffffff";
        let vi = "Không gửi số định danh. ".repeat(30);
        let why = vec!["2 distinct cccd (high) to zone outside".to_owned(); 9];
        for utf8 in [false, true] {
            let reply = lines(&vi, "Do not send it.", &why, Some("Phòng CNTT, 024 000"), id, utf8);
            assert_eq!(reply.code, 550);
            assert!(reply.lines.iter().all(|line| line.starts_with("5.7.1 ") && line.len() < 500));
            assert!(
                reply.lines.first().expect("a line").contains(id) && reply.lines.last().expect("a line").contains(id)
            );
            assert_eq!(reply.lines.iter().all(|line| line.is_ascii()), !utf8);
            assert!(reply.lines.last().expect("a line").contains(if utf8 { "Phòng CNTT" } else { "Phong CNTT" }));
            assert_eq!(reply.lines.iter().filter(|line| line.contains("Reason")).count(), REASONS_MAX);
        }
    }
}
