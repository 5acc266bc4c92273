//! What announces the numbers of an object from afar: its name, the subject of its mail, the title of its form.
//!
//! It goes with the place of a text, into whatever lies within; the next name on the way down that says something takes its
//! place, and one that speaks of other things (`hoa_don.txt`) ends it. Names are hints: see [`Papers`].

use chot_detectors::{Papers, Said};

use super::{Inquiry, Place};

impl Place {
    /// The same place where a name or a subject announces what its numbers are. One that says nothing takes nothing back.
    pub(crate) fn announced(self, by: &str) -> Self {
        match Papers::said(by) {
            Said::Papers(afar) => Self { afar, ..self },
            Said::Other => Self { afar: Papers::NONE, ..self },
            Said::Nothing => self,
        }
    }
}

impl Inquiry {
    /// Whether every value at `place` is scanned: what is remembered of others does not know what is announced from afar.
    pub(crate) fn reads_all(&self, place: &Place) -> bool {
        self.careful || !place.afar.is_none()
    }
}

#[cfg(test)]
mod tests {
    use chot_model::{Confidence, DetectorId};

    use crate::{Hint, Inspector, Limits};

    /// How sure numbers are, of a file with this name.
    fn found(name: &str, content: &[u8]) -> Vec<(DetectorId, u64, Confidence)> {
        let hint = Hint { name: Some(name.to_owned()).filter(|name| !name.is_empty()), content_type: None };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &content.to_vec()).inspection;
        assert!(inspection.opaque.is_empty(), "{name}: {inspection:?}");
        let tallies = inspection.tallies.iter().filter(|(id, _)| id.is_identifier());
        tallies.filter_map(|(id, tally)| Some((*id, tally.distinct, tally.confidence?))).collect()
    }

    fn mail(subject: &str, body: &str) -> String {
        format!("From: a@example.vn\r\nTo: b@example.com\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\r\n{body}\r\n")
    }

    fn form(fields: &[(&str, &str)]) -> String {
        let part = |(name, value): &(&str, &str)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        fields.iter().map(part).collect::<String>() + "--b--\r\n"
    }

    fn percent(text: &str) -> String {
        text.bytes().map(|b| format!("%{b:02X}")).collect()
    }

    /// Invented people, each time the same.
    struct People(u64);

    impl People {
        fn next(&mut self, below: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % below
        }

        fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
            of[self.next(of.len() as u64) as usize]
        }

        fn name(&mut self) -> String {
            let parts = [
                self.one(&["Nguyễn", "Trần", "Lê", "Phạm", "Hồ", "Võ"]),
                self.one(&["Văn", "Thị", "Hoàng", "Minh"]),
                self.one(&["An", "Bình", "Dung", "Giang", "Hoa", "Lan"]),
            ];
            parts.join(" ")
        }

        fn number(&mut self) -> String {
            let place = self.one(&["79", "01", "31", "46", "92"]);
            format!("{place}{:08}", 12_345_679 + self.next(80_000_000))
        }
    }

    #[test]
    fn what_a_subject_or_a_name_announces_is_found_and_what_it_does_not_is_left() {
        let mut people = People(7);
        for _ in 0..24 {
            let (name, number) = (people.name(), people.number());
            let subject =
                people.one(&["Số BHXH", "mã số BHXH của chị Lan", "Re: số sổ BHXH", "BHXH chị Hoa", "DS BHXH tổ 3"]);
            let other = people.one(&["Hóa đơn tháng 3", "V/v thu BHXH quý 3", "Lịch họp", "Nợ BHXH", "Mã vận đơn"]);
            let body = match people.next(5) {
                0 => number.clone(),
                1 => format!("em gửi chị ạ: {number}"),
                2 => format!("{name} - {number}"),
                3 => format!("Chào anh,\n\n1. {name} {number}\n\nCảm ơn anh"),
                _ => format!("{name}; {number}; 01/02/1980"),
            };
            let expected = [(DetectorId::Bhxh, 1, Confidence::Medium)];
            for (subject, expected) in [(subject, &expected[..]), (other, &[])] {
                let file = format!("{}.txt", subject.replace(['/', ':'], "_"));
                let table = format!("STT,Họ tên,Số\n1,{name},{number}\n2,{name},{number}\n");
                let (line, page) = (body.replace('\n', " \\n "), body.replace('\n', "<br>"));
                let json =
                    format!("{{\"subject\": \"{subject}\", \"body\": {{\"type\": \"text\", \"data\": \"{line}\"}}}}");
                for (name, content) in [
                    ("", mail(subject, &body)),
                    (&*file, body.clone()),
                    ("", form(&[("title", subject), ("content", &body)])),
                    ("", format!("title={}&content={}", percent(subject), percent(&body))),
                    ("", json.replace(" \\n ", "\\n")),
                    (&*file.replace(".txt", ".csv"), table),
                    (&*file.replace(".txt", ".xml"), format!("<a><item>{number}</item></a>")),
                    (&*file.replace(".txt", ".html"), format!("<html><body><p>{page}</p></body></html>")),
                ] {
                    assert_eq!(found(name, content.as_bytes()), expected, "{name}: {content}");
                }
            }
        }
    }

    #[test]
    fn lists_that_only_their_name_announces_are_lists_of_people() {
        let mut people = People(11);
        for count in [1, 3, 40] {
            let rows: Vec<_> = (0..count).map(|_| (people.name(), people.number())).collect();
            let lines = |row: &dyn Fn(usize, &(String, String)) -> String| -> String {
                rows.iter().enumerate().map(|(n, of)| row(n + 1, of) + "\n").collect()
            };
            for (name, text) in [
                ("danh_sach_BHXH.txt", lines(&|_, (_, number)| number.clone())),
                ("ma so bhxh.csv", lines(&|_, (_, number)| number.clone())),
                ("bhxh.csv", lines(&|_, (name, number)| format!("{name},{number}"))),
                ("DS BHXH.txt", lines(&|n, (name, number)| format!("{n}. {name} - {number}"))),
                ("so so bhxh.csv", lines(&|n, (name, number)| format!("{n};{name};Nữ;{number}"))),
                (
                    "BHXH.json",
                    format!("[{}]", lines(&|_, (_, number)| format!("\"{number}\",")).trim_end_matches(",\n")),
                ),
            ] {
                assert_eq!(
                    found(name, text.as_bytes()),
                    [(DetectorId::Bhxh, count, Confidence::Medium)],
                    "{name}: {text}"
                );
                for other in ["don hang.txt", "hoa_don_bhxh.txt", "bhxh.log", "thang 3.csv"] {
                    assert_eq!(found(other, text.as_bytes()), [], "{other}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_name_says_nothing_of_what_says_otherwise_itself() {
        let numbers = "7912345678\n7923456781\n7934567812\n";
        for (name, content) in [
            ("bhxh.csv", format!("Mã phiếu\n{numbers}")),
            ("bhxh.csv", "Mã phiếu,Số tiền\nA1,7912345678\nA2,7923456781\n".into()),
            ("bhxh.txt", "Phải nộp: 7912345678 đồng\nMã đơn vị 7912345678\nHotline: 0912345678\n".into()),
            ("bhxh.txt", "2026-11-05 08:15:00 INFO request 7912345678 done in 12 ms\n".into()),
            ("", mail("Số CCCD của chị Lan", "Chị gọi 0912345678, hóa đơn 025123456, đơn hàng 7912345678")),
            ("", "{\"a\": [{\"subject\": \"Số BHXH\"}, {\"data\": \"7912345678\"}]}".into()),
            (
                "",
                "{\"fileName\": \"bhxh.xlsx\", \"size\": 7912345678, \"user\": \"7912345678\", \"ids\": [7912345678]}"
                    .into(),
            ),
            ("bhxh.json", "[{\"at\": 7912345678, \"user\": \"7923456781\"}]".into()),
            (
                "bhxh.csv",
                "id,created,Họ tên\n7912345678,7923456781,Lê Văn An\n7912345679,7923456782,Hồ Thị Bé\n".into(),
            ),
            ("bhxh.xml", "<a><size>7912345678</size><rev>7923456781</rev></a>".into()),
            ("", form(&[("title", "Số BHXH"), ("size", "7912345678"), ("uid", "7923456781")])),
            ("", "title=S%E1%BB%91+BHXH&uid=7912345678&n=1".into()),
            ("cccd.py", "NUMBERS = [\n  '025123456',\n]\n".into()),
            ("", "{\"subject\": \"Số BHXH\", \"orderId\": \"7912345678\"}".into()),
        ] {
            assert_eq!(found(name, content.as_bytes()), [], "{name}: {content}");
        }
    }

    #[test]
    fn what_was_learnt_of_values_is_forgotten_where_something_announces_them() {
        let inspector = Inspector::new(Limits::default(), 2026).cached();
        let found_in = |name: &str| {
            let record = br#"[{"data": "7912345678", "x": "7923456781"}, {"data": "7934567812", "x": "7945678123"}]"#;
            let hint = Hint { name: Some(name.to_owned()), content_type: None };
            inspector.inspect(hint, &record.to_vec()).inspection.distinct(DetectorId::Bhxh)
        };
        for _ in 0..3 {
            // `x` is a name of its own.
            assert_eq!((found_in("a.json"), found_in("bhxh.json")), (0, 2));
        }
    }
}
